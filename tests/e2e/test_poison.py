"""A text that kills its worker is found among all that the worker held, in few crashes, and nobody else pays for it."""

import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from math import ceil, log2
from typing import Any

import pytest

from speechmill.tasks import KEY_PREFIX
from tests.e2e.stack import Stack, running_stack
from tests.e2e.worker_process import a_lease_passes

N_SLOTS = 64
MAX_CRASHES = 3
SETTINGS: dict[str, Any] = {"WORKER__LEASE_S": "60", "WORKER__SWEEP_S": "0.2", "WORKER__RESERVED_SLOTS": "1",
                            "WORKER__SPEECH_SLOTS": str(N_SLOTS + 1)}

pytestmark = pytest.mark.timeout(300)  # a worker is started a dozen times


@pytest.fixture
def mill(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """Without a speech worker now: one has told what it speaks, and gone."""
    with running_stack(tmp_path_factory.mktemp("mill"), workers=False, **SETTINGS) as stack:
        stack.start("cpu", "worker", "cpu")
        start_speech(stack)
        stack.wait_ready()
        stack.programs["speech"].stop()
        yield stack


def start_speech(stack: Stack) -> None:
    stack.start("speech", "tests.e2e.paced_worker", "speech")


def charged(stack: Stack) -> set[str]:
    """Units that are charged with a crash now."""
    with stack.redis.client() as client:
        keys = list(client.scan_iter(KEY_PREFIX + "unit:*", count=1000))
        return {key.removeprefix(KEY_PREFIX + "unit:") for key in keys if client.hexists(key, "crashes")}


def until(stack: Stack, ended: Callable[[], bool], timeout_s: float = 180) -> int:
    """Starts the speech worker anew whenever it has died; returns how often."""
    crashes = 0
    deadline = time.monotonic() + timeout_s
    while not ended():
        assert time.monotonic() < deadline, stack.logs()
        if not stack.programs["speech"].running:
            crashes += 1
            a_lease_passes(stack, "speech")
            start_speech(stack)
        time.sleep(0.05)
    return crashes


def test_poison_among_64_units_is_found_by_halving(mill: Stack) -> None:
    # Slow ones: when the last is claimed, all others are still in flight.
    innocents = [mill.create(f"Innocent slow sentence {n}.", response_format="wav")["id"] for n in range(N_SLOTS - 1)]
    poison = mill.create("POISON.")["id"]
    guilty: set[str] = set()

    def has_failed() -> bool:
        nonlocal guilty
        guilty |= charged(mill)
        return bool(mill.job(poison)["status"] == "failed")

    start_speech(mill)
    began = time.monotonic()
    crashes = until(mill, has_failed)
    print(f"{crashes} crashes in {time.monotonic() - began:.1f} s")
    jobs = [mill.wait(job_id) for job_id in innocents]
    assert {job["status"] for job in jobs} == {"completed"}
    assert max(job["attempts"] for job in jobs) >= 2, "some were in flight with it"
    assert guilty == {f"{poison}/whole"}
    assert crashes <= ceil(log2(N_SLOTS)) + MAX_CRASHES
    error = mill.job(poison)["error"]
    assert (error["code"], error["unit"], len(error["crashes"])) == ("worker_crashed", "whole", MAX_CRASHES)


def test_whoever_waits_for_a_sentence_loses_no_worker_to_a_single_suspect(mill: Stack) -> None:
    """Nothing runs beside one."""
    poison = mill.create("POISON.")["id"]
    start_speech(mill)
    until(mill, lambda: charged(mill) == {f"{poison}/whole"})
    has_failed = threading.Event()
    statuses: list[int] = []

    def ask() -> None:
        with mill.http as http:
            while not has_failed.is_set():
                statuses.append(http.post("/v1/audio/speech", json={"input": f"Sentence {len(statuses)}."}).status_code)

    def tend() -> bool:
        if mill.job(poison)["status"] == "failed":
            has_failed.set()
        return all(client.done() for client in asking)

    with ThreadPoolExecutor(4) as clients:
        asking = [clients.submit(ask) for _ in range(4)]
        until(mill, tend)
    assert statuses
    assert set(statuses) == {200}
    with mill.http as http:
        sentences = [job for job in http.get("/v1/audio/speech/jobs?limit=100").json()["data"] if job["id"] != poison]
    assert {job["attempts"] for job in sentences} == {1}
