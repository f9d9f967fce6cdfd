"""The engine's process dies, hangs and stays away under a whole system: no job is lost, and its worker lives on.

Leases are long, and an engine may be silent for long, but where that is what a test is about: one that is starved must not be
taken for one that has died.
"""

import os
import signal
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.held import held
from tests.e2e.stack import Stack, running_stack

N_SENTENCES = 60
BOOK = " ".join(f"Sentence {n} of a book that takes {'its' if n < N_SENTENCES / 2 else 'HELD'} time to be spoken aloud."
                for n in range(N_SENTENCES))


@pytest.fixture
def mill(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    folder = tmp_path_factory.mktemp("mill")
    checkpoint = folder / "Qwen3-TTS-Tones"
    checkpoint.mkdir()
    with running_stack(folder, workers=False, WORKER__VOICE="qwen3", ENGINE__CHECKPOINT=str(checkpoint),
                       ENGINE__STALL_S="30", WORKER__LEASE_S="20") as stack:
        yield stack


def start_workers(stack: Stack, **settings: str) -> None:
    stack.start("speech", "tests.e2e.engine_worker", "speech", **settings)
    stack.start("cpu", "worker", "cpu")
    stack.wait_ready()


def engines(stack: Stack) -> list[int]:
    """Process ids of all engines that were ever started, the newest last."""
    with suppress(FileNotFoundError):
        return [int(line) for line in (stack.folder / "starts").read_text().split()]
    return []


def is_running(pid: int) -> bool:
    with suppress(ProcessLookupError):
        os.kill(pid, 0)
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z" if sys.platform == "linux" else True
    return False


def wait_for(stack: Stack, true: Callable[[], bool], timeout_s: float = 60) -> None:
    deadline = time.monotonic() + timeout_s
    while not true():
        assert time.monotonic() < deadline, stack.logs()
        time.sleep(0.05)


def segments(stack: Stack, job_id: str) -> list[dict[str, Any]]:
    with stack.http as http:
        data: list[dict[str, Any]] = http.get(f"/v1/audio/speech/jobs/{job_id}/segments", params={"limit": 1000}).json()["data"]
    return data


def n_completed(stack: Stack, job_id: str) -> int:
    return int(stack.job(job_id)["segments"]["completed"])


@contextmanager
def in_the_middle(stack: Stack) -> Iterator[dict[str, Any]]:
    """A job of which some was spoken, while the engine speaks what comes no further before this is left."""
    with held(stack):
        job = stack.create(BOOK)
        wait_for(stack, lambda: n_completed(stack, job["id"]) >= 3)
        wait_for(stack, lambda: any(segment["status"] == "in_progress" and "HELD" in segment["text"]
                                    for segment in segments(stack, job["id"])))
        yield job


def test_a_job_is_spoken_by_the_engine(mill: Stack) -> None:
    start_workers(mill)
    done = mill.wait(mill.create("Hello from the engine.", response_format="wav", voice="alloy")["id"])
    assert (done["status"], done["model"]) == ("completed", "qwen3-tts-tones")
    assert len(mill.audio(done["id"])) > 24_000


def test_kill_9_of_the_engine_loses_nothing_and_leaves_the_worker_alone(mill: Stack) -> None:
    start_workers(mill)
    worker = mill.programs["speech"].pid
    with in_the_middle(mill) as job:
        done_before = {segment["segment"] for segment in segments(mill, job["id"]) if segment["status"] == "completed"}
        os.kill(engines(mill)[-1], signal.SIGKILL)
    done = mill.wait(job["id"])
    assert (done["status"], done["segments"]["completed"]) == ("completed", done["segments"]["total"])
    assert mill.programs["speech"].running
    assert mill.programs["speech"].pid == worker
    assert len(engines(mill)) == 2
    attempts = {segment["segment"]: segment["attempts"] for segment in segments(mill, job["id"])}
    assert all(attempts[segment] == 1 for segment in done_before)
    # Four slots, one of them reserved: three were in flight at most, and each was charged once for the one incident.
    assert sorted(attempts.values())[-1] == 2
    assert sorted(attempts.values())[-4] == 1


def test_a_poison_text_fails_alone_after_three_deaths_of_the_engine(mill: Stack) -> None:
    start_workers(mill)
    innocents = [mill.create(f"Innocent sentence {n}.")["id"] for n in range(6)]
    poison = mill.create("A CRASH waits to happen.")["id"]
    innocents += [mill.create(f"Another innocent sentence {n}.")["id"] for n in range(6)]
    failed = mill.wait(poison)
    assert (failed["status"], failed["error"]["code"]) == ("failed", "worker_crashed")
    assert {mill.wait(job_id)["status"] for job_id in innocents} == {"completed"}
    assert len(failed["error"]["crashes"]) == 3
    assert 4 <= len(engines(mill)) <= 6  # at most four texts were in flight at its first death
    assert mill.programs["speech"].running


def test_an_engine_that_hangs_is_replaced_and_the_job_is_done(mill: Stack) -> None:
    start_workers(mill, ENGINE__STALL_S="4")
    with in_the_middle(mill) as job:
        os.kill(engines(mill)[-1], signal.SIGSTOP)
    assert mill.wait(job["id"])["status"] == "completed"
    assert len(engines(mill)) == 2
    assert not is_running(engines(mill)[0])


def test_a_sync_request_waits_for_the_engine_to_come_back(mill: Stack) -> None:
    start_workers(mill)
    os.kill(engines(mill)[-1], signal.SIGKILL)
    with mill.http as http:
        answer = http.post("/v1/audio/speech", json={"input": "Are you there?", "response_format": "wav"})
    assert answer.status_code == 200


def test_a_worker_whose_engine_stays_away_ends_and_its_units_are_done_by_the_next(mill: Stack) -> None:
    start_workers(mill)
    with in_the_middle(mill) as job:
        (mill.folder / "no-engine").touch()
        os.kill(engines(mill)[-1], signal.SIGKILL)
    wait_for(mill, lambda: not mill.programs["speech"].running)
    assert mill.programs["speech"].exit_status == 1
    assert len(engines(mill)) == 4
    (mill.folder / "no-engine").unlink()
    mill.start("speech", "tests.e2e.engine_worker", "speech")
    assert mill.wait(job["id"])["status"] == "completed"
    assert max(segment["attempts"] for segment in segments(mill, job["id"])) <= 3


def test_a_worker_whose_engine_cannot_start_ends_and_says_why(mill: Stack) -> None:
    (mill.folder / "no-engine").touch()
    speech = mill.start("speech", "tests.e2e.engine_worker", "speech")
    wait_for(mill, lambda: not speech.running)
    assert speech.exit_status == 1
    assert "this worker cannot speak: model.safetensors is gone." in (mill.folder / "speech.log").read_text()


def test_the_engine_ends_with_a_worker_that_is_killed(mill: Stack) -> None:
    start_workers(mill)
    engine = engines(mill)[-1]
    assert is_running(engine)
    mill.programs["speech"].kill()
    wait_for(mill, lambda: not is_running(engine))


def test_a_stopping_worker_lets_its_engine_finish(mill: Stack) -> None:
    start_workers(mill)
    with in_the_middle(mill) as job:
        os.kill(mill.programs["speech"].pid, signal.SIGTERM)
        wait_for(mill, lambda: "draining" in (mill.folder / "speech.log").read_text())
    wait_for(mill, lambda: not mill.programs["speech"].running)
    assert not is_running(engines(mill)[-1])
    mill.start("speech", "tests.e2e.engine_worker", "speech")
    assert mill.wait(job["id"])["status"] == "completed"
    assert max(segment["attempts"] for segment in segments(mill, job["id"])) == 1
