"""The producer's event loop waits for nobody, and waiting costs next to nothing."""

import os
import signal
import time
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest

from tests.e2e.stack import Stack, running_stack
from tests.e2e.test_speech import publish_catalogue

JOBS = "/v1/audio/speech/jobs"


def test_a_frozen_redis_holds_up_nobody_but_those_who_need_it(tmp_path_factory: pytest.TempPathFactory) -> None:
    with running_stack(tmp_path_factory.mktemp("frozen"), workers=False) as stack, ThreadPoolExecutor(10) as pool:
        publish_catalogue(stack)
        stack.create("Before the frost.")
        os.kill(stack.redis.program.pid, signal.SIGSTOP)
        try:
            posts = [pool.submit(_post, stack, n) for n in range(8)]
            slowest = 0.0
            with stack.http as http:
                while not all(post.done() for post in posts):
                    begun = time.monotonic()
                    assert http.get("/healthz").status_code == 200
                    slowest = max(slowest, time.monotonic() - begun)
                    time.sleep(0.02)
            assert {post.result()[0] for post in posts} == {503}
            assert max(post.result()[1] for post in posts) < 2.5
            assert slowest < 0.5
        finally:
            os.kill(stack.redis.program.pid, signal.SIGCONT)
        assert stack.create("After the frost.")["status"] == "queued"


def test_a_hundred_waiting_clients_share_one_reader_and_all_are_woken(tmp_path_factory: pytest.TempPathFactory) -> None:
    with running_stack(tmp_path_factory.mktemp("crowd"), workers=False) as stack, ThreadPoolExecutor(100) as pool:
        publish_catalogue(stack)
        job = stack.create("Everybody waits for me.")
        with stack.redis.client() as redis:
            waiting = [pool.submit(_wait, stack, job["id"]) for _ in range(100)]
            time.sleep(3)
            assert not any(client.done() for client in waiting)
            before = redis.info("stats")["total_commands_processed"]
            time.sleep(1)
            idle_commands = redis.info("stats")["total_commands_processed"] - before
            assert idle_commands < 150, "clients that wait must not poll"
            begun = time.monotonic()
            with stack.http as http:
                http.post(f"{JOBS}/{job['id']}/cancel")
            assert {client.result(timeout=10) for client in waiting} == {"cancelled"}
            assert time.monotonic() - begun < 5


def test_two_producer_processes_share_a_port_and_both_wake_their_clients(tmp_path_factory: pytest.TempPathFactory) -> None:
    with running_stack(tmp_path_factory.mktemp("two"), PRODUCER__PROCESSES="2") as stack:
        with ThreadPoolExecutor(16) as pool:
            waited = [pool.submit(_speak, stack, n) for n in range(32)]
            assert {client.result(timeout=30) for client in waited} == {200}
        with stack.http as http:
            assert len(http.get(JOBS, params={"limit": 100, "status": "completed"}).json()["data"]) == 32


def _post(stack: Stack, n: int) -> tuple[int, float]:
    begun = time.monotonic()
    with stack.http as http:
        answer = http.post(JOBS, json={"input": f"Frozen {n}."})
    return answer.status_code, time.monotonic() - begun


def _speak(stack: Stack, n: int) -> int:
    with stack.http as http:
        return http.post("/v1/audio/speech", json={"input": f"Number {n}.", "response_format": "wav"}).status_code


def _wait(stack: Stack, job_id: str) -> str:
    with httpx.Client(base_url=stack.base_url, timeout=60) as http:
        status: str = http.get(f"{JOBS}/{job_id}", headers={"Prefer": "wait=50"}).json()["status"]
    return status
