"""The producer's event loop waits for nobody, and waiting costs next to nothing."""

import os
import signal
import time
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest

from tests.e2e.stack import Stack, running_stack
from tests.e2e.test_speech import publish_catalogue
from tests.e2e.worker_process import until

JOBS = "/v1/audio/speech/jobs"
REDIS_TIMEOUT_S = 5
N_POSTS, N_LOOKS = 8, 20
WAIT_S = 60
MOST_COMMANDS = 150
"""That Redis is asked in a second while nothing happens: what the producer's sweep and feed do, and more than that."""


def test_a_frozen_redis_holds_up_nobody_but_those_who_need_it(tmp_path_factory: pytest.TempPathFactory) -> None:
    with (running_stack(tmp_path_factory.mktemp("frozen"), workers=False,
                        REDIS__PRODUCER_TIMEOUT_S=f"{REDIS_TIMEOUT_S}") as stack,
          ThreadPoolExecutor(N_POSTS) as pool):
        publish_catalogue(stack)
        stack.create("Before the frost.")
        os.kill(stack.redis.program.pid, signal.SIGSTOP)
        try:
            begun = time.monotonic()
            posts = [pool.submit(_post, stack, n) for n in range(N_POSTS)]
            with stack.http as http:
                for _ in range(N_LOOKS):
                    assert http.get("/healthz").status_code == 200
                    time.sleep(0.02)
            assert not any(post.done() for post in posts), "others were answered only when somebody's wait for Redis was over"
            assert {post.result() for post in posts} == {503}
            assert time.monotonic() - begun < N_POSTS * REDIS_TIMEOUT_S / 2, "they waited for each other"
        finally:
            os.kill(stack.redis.program.pid, signal.SIGCONT)
        assert stack.create("After the frost.")["status"] == "queued"


def test_a_hundred_waiting_clients_share_one_reader_and_all_are_woken(tmp_path_factory: pytest.TempPathFactory) -> None:
    with running_stack(tmp_path_factory.mktemp("crowd"), workers=False) as stack, ThreadPoolExecutor(100) as pool:
        publish_catalogue(stack)
        job = stack.create("Everybody waits for me.")
        with stack.redis.client() as redis:
            waiting = [pool.submit(_wait, stack, job["id"]) for _ in range(100)]
            time.sleep(2)

            def commands_in_a_second() -> float:
                begun, before = time.monotonic(), int(redis.info("stats")["total_commands_processed"])
                time.sleep(1)
                return (int(redis.info("stats")["total_commands_processed"]) - before) / (time.monotonic() - begun)

            # Until the last of them has come, there is more to ask.
            until(lambda: commands_in_a_second() < MOST_COMMANDS, "clients that wait must not poll", timeout_s=20)
            assert not any(client.done() for client in waiting)
            begun = time.monotonic()
            with stack.http as http:
                http.post(f"{JOBS}/{job['id']}/cancel")
            assert {client.result(timeout=WAIT_S) for client in waiting} == {"cancelled"}
            assert time.monotonic() - begun < WAIT_S / 2, "they were not woken, but had waited long enough"


def test_two_producer_processes_share_a_port_and_both_wake_their_clients(tmp_path_factory: pytest.TempPathFactory) -> None:
    with running_stack(tmp_path_factory.mktemp("two"), PRODUCER__PROCESSES="2") as stack:
        with ThreadPoolExecutor(16) as pool:
            waited = [pool.submit(_speak, stack, n) for n in range(32)]
            assert {client.result(timeout=60) for client in waited} == {200}
        with stack.http as http:
            assert len(http.get(JOBS, params={"limit": 100, "status": "completed"}).json()["data"]) == 32


def _post(stack: Stack, n: int) -> int:
    with stack.http as http:
        return http.post(JOBS, json={"input": f"Frozen {n}."}).status_code


def _speak(stack: Stack, n: int) -> int:
    with stack.http as http:
        return http.post("/v1/audio/speech", json={"input": f"Number {n}.", "response_format": "wav"}).status_code


def _wait(stack: Stack, job_id: str) -> str:
    with httpx.Client(base_url=stack.base_url, timeout=2 * WAIT_S) as http:
        status: str = http.get(f"{JOBS}/{job_id}", headers={"Prefer": f"wait={WAIT_S}"}).json()["status"]
    return status
