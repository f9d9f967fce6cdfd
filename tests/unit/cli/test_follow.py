"""Waiting for a job's end: by long polls, over a server's restart, and with the exit status that fits."""

import threading
import time
from typing import Any

import pytest

from speechmill.cli.api import Api
from speechmill.cli.exits import Exit, Failure
from speechmill.cli.follow import check_completed, follow
from tests.services.program import free_port
from tests.unit.cli.http_server import Answer, Asked, running_server
from tests.unit.cli.views import view


def test_it_looks_at_once_and_then_waits_at_the_server() -> None:
    states = [view("queued"), view("completed")]
    with running_server(lambda _: Answer(200, states.pop(0))) as server, Api(server.url) as api:
        assert follow(api, "speech_1")["status"] == "completed"
        assert [asked.headers.get("prefer") for asked in server.asked] == [None, "wait=30"]


def test_each_change_is_seen_once() -> None:
    versions = [(view("queued"), '"1"'), (view("in_progress", progress=40), '"2"'), (None, '"2"'), (view("completed"), '"3"')]

    def answer(_: Asked) -> Answer:
        job, etag = versions.pop(0)
        return Answer(304, b"", {"etag": etag}) if job is None else Answer(200, job, {"etag": etag})

    seen: list[dict[str, Any]] = []
    with running_server(answer) as server, Api(server.url) as api:
        follow(api, "speech_1", on_change=seen.append)
        assert [asked.headers.get("if-none-match") for asked in server.asked] == [None, '"1"', '"2"', '"2"']
    assert [job["progress"] for job in seen] == [0, 40, 100]


def test_a_server_that_restarts_is_waited_for() -> None:
    port = free_port()
    result: list[dict[str, Any]] = []
    with Api(f"http://127.0.0.1:{port}") as api:
        with running_server(lambda _: Answer(200, view("queued"), {"connection": "close"}), port) as server:
            waiting = threading.Thread(target=lambda: result.append(follow(api, "speech_1")))
            waiting.start()
            deadline = time.monotonic() + 60
            while not server.asked:
                assert time.monotonic() < deadline
                time.sleep(0.01)
        time.sleep(0.3)
        with running_server(lambda _: Answer(200, view("completed")), port):
            waiting.join(timeout=60)
    assert result[0]["status"] == "completed"


def test_the_timeout_ends_the_wait_and_not_the_job() -> None:
    with running_server(lambda _: Answer(200, view("queued"))) as server, Api(server.url) as api:
        with pytest.raises(Failure, match="it goes on") as failure:
            follow(api, "speech_1", timeout_s=0.2)
        assert failure.value.exit is Exit.TIMEOUT
        assert {asked.method for asked in server.asked} == {"GET"}


@pytest.mark.parametrize(("status", "exit"), [("failed", Exit.FAILED), ("expired", Exit.TIMEOUT), ("cancelled", Exit.CANCELLED)])
def test_each_other_end_has_its_exit_status(status: str, exit: Exit) -> None:
    with pytest.raises(Failure, match="speech_1") as failure:
        check_completed(view(status, error={"message": "The voice broke."} if status == "failed" else None))
    assert failure.value.exit is exit
    assert (status == "failed") == failure.value.message.endswith("The voice broke.")


def test_a_completed_job_is_no_failure() -> None:
    check_completed(view("completed"))
