"""Flower, Celery's monitor, as docs/watching.md starts it: it sees the workers, what they do, and the queues."""

import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.e2e.stack import Stack
from tests.services.program import Program, free_port, speaks_http


@pytest.fixture
def flower(stack: Stack, tmp_path: Path) -> Iterator[httpx.Client]:
    """Started against the broker of the stack, with the command of the docs."""
    port = free_port()
    arguments = (sys.executable, "-m", "celery", "--app", "speechmill.flower", "flower", "--address=127.0.0.1", f"--port={port}")
    program = Program(arguments, tmp_path / "flower.log", lambda: speaks_http(port),
                      {**stack.environment, "FLOWER_UNAUTHENTICATED_API": "true"})
    program.start()
    try:
        with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=60) as client:
            yield client
    finally:
        program.stop()


def until(flower: httpx.Client, path: str, found: Any, meanwhile: Any) -> Any:
    deadline = time.monotonic() + 60
    while not found(answer := flower.get(path).raise_for_status().json()):
        assert time.monotonic() < deadline, answer
        meanwhile()
        time.sleep(0.2)
    return answer


def test_flower_sees_workers_their_tasks_and_the_queues(stack: Stack, flower: httpx.Client) -> None:
    def work() -> None:
        stack.wait(stack.create(f"Something to see, at {time.time_ns()}.")["id"])

    workers = until(flower, "/workers?json=1", lambda seen: sum(worker["status"] for worker in seen["data"]) >= 2, work)["data"]
    assert {worker["hostname"].partition("-")[0] for worker in workers if worker["status"]} == {"speech", "cpu"}

    def done(seen: dict[str, Any]) -> bool:
        return any(task["state"] == "SUCCESS" and task["name"] == "speechmill.work" and task["worker"].startswith("speech-")
                   for task in seen.values())

    until(flower, "/api/tasks", done, work)
    queues = flower.get("/api/queues/length").raise_for_status().json()["active_queues"]
    assert {"speech:tone:batch", "cpu:interactive", "deliver"} <= {queue["name"] for queue in queues}


def test_a_task_names_a_queue_and_nothing_else(stack: Stack, flower: httpx.Client) -> None:
    def work() -> None:
        stack.wait(stack.create(f"A secret plan, at {time.time_ns()}.")["id"])

    tasks = until(flower, "/api/tasks", lambda seen: len(seen) > 0, work)
    queues = ("speech:tone:batch", "speech:tone:interactive", "cpu:batch", "cpu:interactive", "deliver")
    assert {(task["args"], task["kwargs"]) for task in tasks.values()} <= {(f"('{queue}',)", "{}") for queue in queues}
