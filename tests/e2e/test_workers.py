"""Workers die, stop and fill up: no accepted job is lost, nothing is spoken twice, and somebody who waits always gets a slot."""

import os
import signal
import time
from collections.abc import Iterator
from typing import Any

import pytest

from speechmill.catalogue import OPENAI_VOICES
from speechmill.settings import WorkerSettings
from tests.e2e.held import held
from tests.e2e.stack import Stack, running_stack
from tests.e2e.worker_process import a_lease_passes, until

BOOK = " ".join(f"Sentence {n} of a book that takes its time to be spoken aloud." for n in range(120))
ENDLESS = f"{BOOK} It is HELD here."
"""Its last segment does not end while the voice is held."""
N_BATCH_SLOTS = WorkerSettings().batch_slots("speech")


@pytest.fixture
def mill(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """No worker runs yet."""
    with running_stack(tmp_path_factory.mktemp("mill"), workers=False, WORKER__LEASE_S="30", WORKER__SWEEP_S="0.2") as stack:
        yield stack


@pytest.fixture
def mortal(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """For workers that are silent for longer than their lease."""
    with running_stack(tmp_path_factory.mktemp("mortal"), workers=False, WORKER__LEASE_S="3") as stack:
        yield stack


def start_workers(stack: Stack, **settings: str) -> None:
    stack.start("speech", "tests.e2e.paced_worker", "speech", **settings)
    stack.start("cpu", "worker", "cpu", **settings)
    stack.wait_ready()


def in_progress(stack: Stack, job_id: str, at_least: int = 1, timeout_s: float = 60) -> dict[str, Any]:
    deadline = time.monotonic() + timeout_s
    while time.monotonic() < deadline:
        job = stack.job(job_id)
        if job["segments"]["completed"] >= at_least:
            return job
        time.sleep(0.05)
    raise AssertionError(f"no progress: {job}\n{stack.logs()}")


def segments(stack: Stack, job_id: str) -> list[dict[str, Any]]:
    with stack.http as http:
        data: list[dict[str, Any]] = http.get(f"/v1/audio/speech/jobs/{job_id}/segments", params={"limit": 1000}).json()["data"]
    return data


def test_kill_9_of_every_worker_loses_nothing_and_speaks_nothing_twice(mortal: Stack) -> None:
    start_workers(mortal)
    with held(mortal):
        job = mortal.create(ENDLESS)
        in_progress(mortal, job["id"], at_least=5)
        mortal.programs["speech"].kill()
        mortal.programs["cpu"].kill()
    done_before = {segment["segment"] for segment in segments(mortal, job["id"]) if segment["status"] == "completed"}
    assert done_before
    start_workers(mortal)
    done = mortal.wait(job["id"], timeout_s=60)
    assert (done["status"], done["segments"]["completed"]) == ("completed", done["segments"]["total"])
    for segment in segments(mortal, job["id"]):
        if segment["segment"] in done_before:
            assert segment["attempts"] == 1
            assert not segment["cached"]


def test_a_frozen_worker_loses_its_units_and_commits_nothing_when_it_thaws(mortal: Stack) -> None:
    start_workers(mortal)
    with held(mortal):
        job = mortal.create(ENDLESS)
        in_progress(mortal, job["id"])
        frozen = mortal.programs["speech"].pid
        os.kill(frozen, signal.SIGSTOP)
    try:
        mortal.start("second", "tests.e2e.paced_worker", "speech")
        done = mortal.wait(job["id"], timeout_s=60)
    finally:
        os.kill(frozen, signal.SIGCONT)
    assert done["status"] == "completed"
    time.sleep(1.5)
    assert mortal.job(job["id"])["output"]["sha256"] == done["output"]["sha256"]


def test_a_stopping_worker_finishes_what_it_has_and_charges_no_crash(mill: Stack) -> None:
    start_workers(mill)
    job = mill.create(BOOK)
    in_progress(mill, job["id"])
    speech = mill.programs["speech"]
    os.kill(speech.pid, signal.SIGTERM)
    until(lambda: not speech.running, "it does not end")
    leased = [segment for segment in segments(mill, job["id"]) if segment["status"] == "in_progress"]
    assert leased == []
    mill.start("second", "tests.e2e.paced_worker", "speech")
    done = mill.wait(job["id"], timeout_s=60)
    assert done["status"] == "completed"
    assert max(segment["attempts"] for segment in segments(mill, job["id"])) == 1


def test_a_worker_gives_back_what_it_cannot_finish_within_its_grace(mill: Stack) -> None:
    start_workers(mill, WORKER__GRACE_S="0.2")
    with held(mill):
        job = mill.create("One sentence that is HELD for longer than anybody has.")
        until(lambda: mill.job(job["id"])["status"] == "in_progress", "it is not spoken")
        speech = mill.programs["speech"]
        os.kill(speech.pid, signal.SIGTERM)
        until(lambda: not speech.running, "it does not end")
    mill.start("second", "tests.e2e.paced_worker", "speech")
    assert mill.wait(job["id"])["status"] == "completed"


def test_interactive_work_finds_a_slot_however_full_of_batch_work_the_worker_is(mill: Stack) -> None:
    start_workers(mill)
    with held(mill):  # none of the batch work makes room
        book = mill.create("\n\n\n".join(f"Paragraph {n} of a book is HELD here." for n in range(40)))
        until(lambda: [segment["status"] for segment in segments(mill, book["id"])].count("in_progress") >= N_BATCH_SLOTS,
              "it has room for more")
        with mill.http as http:
            for n in range(5):
                answer = http.post("/v1/audio/speech", json={"input": f"Now, {n}!", "response_format": "wav"})
                assert answer.status_code == 200
            assert mill.job(book["id"])["segments"]["completed"] == 0
            http.post(f"/v1/audio/speech/jobs/{book['id']}/cancel")
            assert mill.wait(book["id"])["status"] == "cancelled"


def test_a_running_job_is_cancelled_within_a_moment(mill: Stack) -> None:
    start_workers(mill)
    with held(mill):  # of itself it does not end
        job = mill.create(ENDLESS)
        in_progress(mill, job["id"])
        with mill.http as http:
            answer = http.post(f"/v1/audio/speech/jobs/{job['id']}/cancel")
            assert answer.json()["status"] in ("cancelling", "cancelled")
            assert mill.wait(job["id"], timeout_s=20)["status"] == "cancelled"
            assert http.get(f"/v1/audio/speech/jobs/{job['id']}/content").status_code == 409


def test_a_voice_that_fails_ends_the_job_and_retry_speaks_only_what_failed(mill: Stack) -> None:
    start_workers(mill)
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


@pytest.mark.timeout(300)  # a worker is started half a dozen times
def test_a_poison_job_fails_alone_after_three_crashes(mill: Stack) -> None:
    start_workers(mill)
    innocents = [mill.create(f"Innocent sentence {n}.")["id"] for n in range(12)]
    poison = mill.create("POISON.")["id"]
    innocents += [mill.create(f"Another innocent sentence {n}.")["id"] for n in range(12)]
    crashes = 0
    deadline = time.monotonic() + 200
    while mill.job(poison)["status"] != "failed":
        assert time.monotonic() < deadline, mill.logs()
        if not mill.programs["speech"].running:
            crashes += 1
            a_lease_passes(mill, "speech")
            mill.start("speech", "tests.e2e.paced_worker", "speech")
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


def test_health_says_whether_a_worker_beats(mortal: Stack) -> None:
    def health() -> int:
        program = mortal.start("health", "worker", "health")
        until(lambda: not program.running, "it does not say")
        return program.exit_status

    start_workers(mortal)
    until(lambda: health() == 0, "nobody beats")
    mortal.programs["speech"].kill()
    mortal.programs["cpu"].kill()
    until(lambda: health() == 1, "somebody beats")
