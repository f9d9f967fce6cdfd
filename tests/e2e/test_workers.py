"""Workers die, stop and fill up: no accepted job is lost, nothing is spoken twice, and somebody who waits always gets a slot."""

import os
import signal
import time
from collections.abc import Iterator
from typing import Any

import pytest

from speechmill.catalogue import OPENAI_VOICES
from tests.e2e.stack import Stack, running_stack

BOOK = " ".join(f"Sentence {n} of a book that takes its time to be spoken aloud." for n in range(120))


@pytest.fixture
def mill(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    with running_stack(tmp_path_factory.mktemp("mill"), workers=False) as stack:
        yield stack


def start_workers(stack: Stack, **settings: str) -> None:
    stack.start("speech", "tests.e2e.paced_worker", "speech", **settings)
    stack.start("cpu", "worker", "cpu", **settings)
    stack.wait_ready()


def in_progress(stack: Stack, job_id: str, at_least: int = 1, timeout_s: float = 20) -> dict[str, Any]:
    deadline = time.monotonic() + timeout_s
    while time.monotonic() < deadline:
        job = stack.job(job_id)
        if job["segments"]["completed"] >= at_least:
            return job
        time.sleep(0.05)
    raise AssertionError(f"no progress: {job}\n{stack.logs()}")


def segments(stack: Stack, job_id: str) -> list[dict[str, Any]]:
    with stack.http as http:
        return http.get(f"/v1/audio/speech/jobs/{job_id}/segments", params={"limit": 1000}).json()["data"]


def test_kill_9_of_every_worker_loses_nothing_and_speaks_nothing_twice(mill: Stack) -> None:
    start_workers(mill)
    job = mill.create(BOOK)
    in_progress(mill, job["id"], at_least=5)
    mill.programs["speech"].kill()
    mill.programs["cpu"].kill()
    done_before = {segment["segment"] for segment in segments(mill, job["id"]) if segment["status"] == "completed"}
    assert done_before
    start_workers(mill)
    done = mill.wait(job["id"], timeout_s=60)
    assert (done["status"], done["segments"]["completed"]) == ("completed", done["segments"]["total"])
    for segment in segments(mill, job["id"]):
        if segment["segment"] in done_before:
            assert segment["attempts"] == 1
            assert not segment["cached"]


def test_a_frozen_worker_loses_its_units_and_commits_nothing_when_it_thaws(mill: Stack) -> None:
    start_workers(mill)
    job = mill.create(BOOK)
    in_progress(mill, job["id"])
    frozen = mill.programs["speech"].pid
    os.kill(frozen, signal.SIGSTOP)
    try:
        mill.start("second", "tests.e2e.paced_worker", "speech")
        done = mill.wait(job["id"], timeout_s=60)
    finally:
        os.kill(frozen, signal.SIGCONT)
    assert done["status"] == "completed"
    time.sleep(1.5)
    assert mill.job(job["id"])["output"]["sha256"] == done["output"]["sha256"]


def test_a_stopping_worker_finishes_what_it_has_and_charges_no_crash(mill: Stack) -> None:
    start_workers(mill)
    job = mill.create(BOOK)
    in_progress(mill, job["id"])
    begun = time.monotonic()
    mill.programs["speech"].stop()
    assert time.monotonic() - begun < 5
    leased = [segment for segment in segments(mill, job["id"]) if segment["status"] == "in_progress"]
    assert leased == []
    mill.start("second", "tests.e2e.paced_worker", "speech")
    done = mill.wait(job["id"], timeout_s=60)
    assert done["status"] == "completed"
    assert max(segment["attempts"] for segment in segments(mill, job["id"])) == 1


def test_a_worker_gives_back_what_it_cannot_finish_within_its_grace(mill: Stack) -> None:
    start_workers(mill, WORKER__GRACE_S="0.2")
    job = mill.create("One slow sentence, spoken at its own pace, which takes longer than anybody has.")
    deadline = time.monotonic() + 10
    while mill.job(job["id"])["status"] != "in_progress":
        assert time.monotonic() < deadline
        time.sleep(0.02)
    mill.programs["speech"].stop()
    mill.start("second", "tests.e2e.paced_worker", "speech")
    assert mill.wait(job["id"])["status"] == "completed"


def test_interactive_work_finds_a_slot_however_full_of_batch_work_the_worker_is(mill: Stack) -> None:
    start_workers(mill)
    book = mill.create(BOOK * 4)
    in_progress(mill, book["id"])
    times = []
    with mill.http as http:
        for n in range(5):
            begun = time.monotonic()
            assert http.post("/v1/audio/speech", json={"input": f"Now, {n}!", "response_format": "wav"}).status_code == 200
            times.append(time.monotonic() - begun)
        assert mill.job(book["id"])["status"] == "in_progress"
        http.post(f"/v1/audio/speech/jobs/{book['id']}/cancel")
    assert sorted(times)[2] < 2.0, times


def test_a_running_job_is_cancelled_within_a_moment(mill: Stack) -> None:
    start_workers(mill)
    job = mill.create(BOOK)
    in_progress(mill, job["id"])
    with mill.http as http:
        answer = http.post(f"/v1/audio/speech/jobs/{job['id']}/cancel")
        assert answer.json()["status"] in ("cancelling", "cancelled")
        begun = time.monotonic()
        assert mill.wait(job["id"])["status"] == "cancelled"
        assert time.monotonic() - begun < 2
        assert http.get(f"/v1/audio/speech/jobs/{job['id']}/content").status_code == 409


def test_a_voice_that_fails_ends_the_job_and_retry_speaks_only_what_failed(mill: Stack) -> None:
    start_workers(mill, WORKER__LEASE_S="3")
    marker = mill.folder / "broken"
    marker.touch()
    text = BOOK.replace("Sentence 60 ", "BREAK 60 ")
    failed = mill.wait(mill.create(text)["id"])
    assert (failed["status"], failed["error"]["code"], failed["segments"]["failed"]) == ("failed", "voice_failed", 1)
    marker.unlink()
    with mill.http as http:
        assert http.post(f"/v1/audio/speech/jobs/{failed['id']}/retry").status_code == 200
    done = mill.wait(failed["id"])
    assert done["status"] == "completed"
    assert done["segments"]["completed"] == done["segments"]["total"]


def test_a_poison_job_fails_alone_after_three_crashes(mill: Stack) -> None:
    settings = {"WORKER__LEASE_S": "1", "WORKER__SWEEP_S": "0.2"}
    start_workers(mill, **settings)
    innocents = [mill.create(f"Innocent sentence {n}.")["id"] for n in range(12)]
    poison = mill.create("POISON.")["id"]
    innocents += [mill.create(f"Another innocent sentence {n}.")["id"] for n in range(12)]
    crashes = 0
    deadline = time.monotonic() + 60
    while mill.job(poison)["status"] != "failed":
        assert time.monotonic() < deadline
        if not mill.programs["speech"].running:
            crashes += 1
            mill.start("speech", "tests.e2e.paced_worker", "speech", **settings)
        time.sleep(0.05)
    assert 3 <= crashes <= 3 + 3  # at most four units were in flight, and four being wrapped up
    error = mill.job(poison)["error"]
    assert (error["code"], error["unit"], len(error["crashes"])) == ("worker_crashed", "whole", 3)
    assert {mill.wait(job_id)["status"] for job_id in innocents} == {"completed"}


def test_jobs_accepted_with_no_worker_are_done_when_one_comes(mill: Stack) -> None:
    start_workers(mill)
    mill.programs["speech"].stop()
    mill.programs["cpu"].stop()
    jobs = [mill.create(f"Waiting sentence {n}.", voice=OPENAI_VOICES[0])["id"] for n in range(30)]
    start_workers(mill)
    assert {mill.wait(job_id)["status"] for job_id in jobs} == {"completed"}


def test_a_worker_started_before_redis_waits_for_it(mill: Stack) -> None:
    mill.redis.stop()
    mill.start("speech", "worker", "speech")
    mill.start("cpu", "worker", "cpu")
    time.sleep(1.5)
    mill.redis.restart()
    mill.wait_ready()
    assert mill.wait(mill.create("Finally.")["id"])["status"] == "completed"


def test_health_says_whether_a_worker_beats(mill: Stack) -> None:
    def health() -> int:
        program = mill.start("health", "worker", "health")
        while program.running:
            time.sleep(0.05)
        return program.exit_status

    start_workers(mill)
    assert health() == 0
    mill.programs["speech"].kill()
    mill.programs["cpu"].kill()
    time.sleep(3.2)
    assert health() == 1
