"""What is kept no longer goes from a running system, by its own reaper; what is used, or belongs to somebody, stays."""

import os
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from speechmill.blobs.seam import input_key, result_key, segment_key
from tests.e2e.stack import Stack, running_stack
from tests.e2e.test_outages import refused_in_time
from tests.e2e.worker_process import ask, counted, until

DAY_S = 86_400
TEXT = " ".join(f"Sentence {n} of a text that comes again after many days." for n in range(12))


@pytest.fixture
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """No worker runs yet."""
    with running_stack(tmp_path_factory.mktemp("retention"), workers=False) as running:
        yield running


def objects(stack: Stack) -> Path:
    return stack.folder / "objects"


def start_workers(stack: Stack) -> None:
    stack.start("speech", "worker", "speech")
    stack.start("cpu", "worker", "cpu")
    stack.wait_ready()


def grow_old(*files: Path, days: float) -> None:
    for file in files:
        os.utime(file, (time.time() - days * DAY_S,) * 2)


def put(stack: Stack, key: str, days: float) -> Path:
    file = objects(stack) / key
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(b"spoken")
    grow_old(file, days=days)
    return file


def start_a_round(stack: Stack) -> None:
    with stack.redis.client() as client:
        client.delete("{speechmill}:reaper")


def rounds_end(stack: Stack) -> bool:
    """Whether a walk through storage has come to its end since the last `start_a_round`."""
    return ask(stack, "HGET", "reaper", "walk_at") is not None


def test_a_large_input_whose_submit_failed_goes_after_a_day(stack: Stack) -> None:
    with stack.redis.client() as client:
        start_workers(stack)  # and a catalogue with them
        client.config_set("maxmemory", 1)
        refused_in_time(stack, "store_unavailable", {"input": "A large one. " * 5000})
        client.config_set("maxmemory", 0)
    (orphan,) = (objects(stack) / "t/local/inputs").iterdir()

    start_a_round(stack)
    until(lambda: rounds_end(stack), stack.logs())
    assert orphan.exists(), "it is only a moment old"

    grow_old(orphan, days=2)
    start_a_round(stack)
    until(lambda: not orphan.exists(), stack.logs())
    until(lambda: stack.metric("speech_reaped_objects_total", kind="inputs") == 1, "it was not counted")
    until(lambda: counted(stack, "reaped_bytes:inputs") == len("A large one. " * 5000), "its size was not counted")


def test_orphans_go_while_all_that_jobs_name_stays_however_old_it_is(stack: Stack) -> None:
    start_workers(stack)
    job = stack.wait(stack.create(TEXT)["id"])
    audio = stack.audio(job["id"])
    named = [file for file in objects(stack).rglob("*") if file.is_file() and "segments/" not in str(file)]
    grow_old(*named, days=6)
    orphans = [put(stack, key, days=2) for key in (
        input_key("local", "speech_never"), result_key("local", job["id"], 999, "mp3"),
        result_key("local", "speech_gone", 7, "mp3"))]
    unused = put(stack, segment_key("local", "00" * 32), days=50)
    not_ours = put(stack, "t/local/elses/1", days=500)

    start_a_round(stack)
    until(lambda: rounds_end(stack), stack.logs())

    assert not any(file.exists() for file in (*orphans, unused))
    assert all(file.exists() for file in (*named, not_ours) if file.name != "probe")
    assert stack.audio(job["id"]) == audio


def test_a_segment_that_is_used_again_is_kept_for_another_while(stack: Stack) -> None:
    start_workers(stack)
    first = stack.wait(stack.create(TEXT)["id"])
    segments = [file for file in objects(stack).rglob("segments/*/*") if file.is_file()]
    assert segments
    # Older than they are kept, but their walk has not come yet: whoever uses them is in time.
    start_a_round(stack)
    until(lambda: rounds_end(stack), stack.logs())
    grow_old(*segments, days=45)

    second = stack.wait(stack.create(TEXT, response_format="flac")["id"])
    assert first["segments"]["completed"] == second["segments"]["completed"]
    assert counted(stack, "segments:cached") == len(segments)
    assert all(time.time() - file.stat().st_mtime < DAY_S for file in segments)

    start_a_round(stack)
    until(lambda: rounds_end(stack), stack.logs())
    assert all(file.exists() for file in segments)


def test_another_cpu_worker_goes_on_with_the_walk_when_the_one_at_it_is_killed(stack: Stack) -> None:
    orphans = [put(stack, input_key("local", f"speech_{n:04}"), days=2) for n in range(2500)]
    slowly = {"RETENTION__LISTS_A_MINUTE": "20"}  # a page in three seconds
    stack.start("cpu", "worker", "cpu", **slowly)
    until(lambda: counted(stack, "reaped:inputs") > 0, stack.logs())
    stack.programs["cpu"].kill()
    left = sum(file.exists() for file in orphans)
    assert left > 0
    cursor = ask(stack, "HGET", "reaper", "cursor")

    stack.start("heir", "worker", "cpu", **slowly)
    # Had it been killed in the middle of its turn, that must be over first.
    until(lambda: not any(file.exists() for file in orphans), stack.logs(), timeout_s=100)
    until(lambda: counted(stack, "reaped:inputs") == len(orphans), "some were counted twice, or not at all")
    assert cursor > ""
