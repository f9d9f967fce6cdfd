"""A job is cancelled or expires wherever it is, queued or running, whether its client waits or polls: who asks is told, nothing
can be listened to, and no worker goes on with it."""

import json
import threading
import time
from collections.abc import Iterator
from contextlib import closing
from http.client import HTTPConnection
from typing import Any

import httpx
import pytest

from speechmill.tasks import KEY_PREFIX
from tests.e2e.held import held
from tests.e2e.stack import Stack, running_stack

JOBS = "/v1/audio/speech/jobs"
ENDLESS = "A sentence, HELD until somebody ends its job."
DEADLINES_S = {"queued": 1, "in_progress": 4}
"""A job that is to run has the time to begin."""


@pytest.fixture(scope="module")
def mill(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """Its one speech worker comes to no end by itself."""
    with running_stack(tmp_path_factory.mktemp("mill"), workers=False, PRODUCER__ABANDON_AFTER_S="0.2",
                       WORKER__LEASE_S="8") as stack, held(stack):
        stack.start("cpu", "worker", "cpu")
        stack.start("speech", "tests.e2e.paced_worker", "speech")
        stack.wait_ready()
        yield stack


@pytest.fixture(scope="module")
def idle(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """Without a speech worker now: one has told what it speaks, and gone."""
    with running_stack(tmp_path_factory.mktemp("idle")) as stack:
        stack.programs["speech"].stop()
        yield stack


@pytest.fixture(params=["queued", "in_progress"])
def state(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def stack(state: str, request: pytest.FixtureRequest) -> Stack:
    """One in which a job stays in this state."""
    running: Stack = request.getfixturevalue("idle" if state == "queued" else "mill")
    return running


class Waiting:
    """A client of a sync call, on a thread of its own."""

    def __init__(self, stack: Stack, **body: Any) -> None:
        self.answer: httpx.Response | None = None
        self._stack = stack
        self._body = {"input": ENDLESS, "metadata": {"who": str(id(self))}, **body}
        self._thread = threading.Thread(target=self._ask)
        self._thread.start()

    @property
    def job_id(self) -> str:
        """Once there is one."""
        return job_of(self._stack, self._body["metadata"])

    def told(self) -> tuple[int, str]:
        """Status and error code of the answer."""
        self._thread.join(60)
        assert self.answer is not None
        return self.answer.status_code, self.answer.json()["error"]["code"]

    def _ask(self) -> None:
        with self._stack.http as http:
            self.answer = http.post("/v1/audio/speech", json=self._body)


def job_of(stack: Stack, metadata: Any) -> str:
    """The id of the job that was posted with them, once there is one."""
    with stack.http as http:
        for _ in patiently():
            for job in http.get(JOBS).json()["data"]:
                if job["metadata"] == metadata:
                    return str(job["id"])
    raise AssertionError(f"no job has {metadata}\n{stack.logs()}")


def patiently(seconds: float = 60) -> Iterator[None]:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        yield
        time.sleep(0.02)


def wait_until(stack: Stack, job_id: str, status: str) -> None:
    for _ in patiently():
        if stack.job(job_id)["status"] == status:
            return
    raise AssertionError(f"{stack.job(job_id)} is not {status}\n{stack.logs()}")


def has_run(job: dict[str, Any]) -> bool:
    return job["started_at"] is not None


def counted(stack: Stack, how: str) -> int:
    """Leases that ended so."""
    with stack.redis.client() as client:
        return int(client.hget(KEY_PREFIX + "stats", f"units:{how}") or 0)


def check_that_nothing_is_left(stack: Stack, job_id: str) -> None:
    job = stack.job(job_id)
    assert (job["output"], job["progress"]) == (None, 0)
    with stack.http as http:
        answer = http.get(f"{JOBS}/{job_id}/content")
    assert (answer.status_code, answer.json()["error"]["code"]) == (409, "job_not_completed")
    with stack.redis.client() as client:
        assert client.zcard(KEY_PREFIX + "leases") == 0
        assert not list(client.scan_iter(KEY_PREFIX + "unit:*"))


def test_a_job_is_cancelled(stack: Stack, state: str) -> None:
    stopped, done = counted(stack, "returned"), counted(stack, "done")
    job_id = stack.create(ENDLESS)["id"]
    wait_until(stack, job_id, state)
    with stack.http as http:
        assert http.post(f"{JOBS}/{job_id}/cancel").status_code == 200
    assert stack.wait(job_id)["status"] == "cancelled"
    check_that_nothing_is_left(stack, job_id)
    assert counted(stack, "returned") - stopped == (1 if state == "in_progress" else 0)
    assert counted(stack, "done") == done, "its worker stopped in the middle"


def test_a_job_that_somebody_waits_for_is_cancelled_by_another(stack: Stack, state: str) -> None:
    client = Waiting(stack)
    job_id = client.job_id
    wait_until(stack, job_id, state)
    with stack.http as http:
        assert http.post(f"{JOBS}/{job_id}/cancel").status_code == 200
    assert client.told() == (409, "job_cancelled")
    wait_until(stack, job_id, "cancelled")
    check_that_nothing_is_left(stack, job_id)


def test_a_job_expires(stack: Stack, state: str) -> None:
    job_id = stack.create(ENDLESS, deadline=DEADLINES_S[state])["id"]
    job = stack.wait(job_id)
    assert (job["status"], job["error"]["code"]) == ("expired", "deadline_exceeded")
    assert has_run(job) is (state == "in_progress")
    check_that_nothing_is_left(stack, job_id)


def test_a_job_that_somebody_waits_for_expires(stack: Stack, state: str) -> None:
    client = Waiting(stack, deadline=DEADLINES_S[state])
    assert client.told() == (504, "deadline_exceeded")
    job = stack.job(client.job_id)
    assert (job["status"], has_run(job)) == ("expired", state == "in_progress")
    check_that_nothing_is_left(stack, client.job_id)


def test_a_job_that_runs_is_cancelled_when_the_only_client_that_waits_hangs_up(mill: Stack) -> None:
    body = {"input": ENDLESS, "metadata": {"who": "nobody"}}
    with closing(HTTPConnection(mill.base_url.removeprefix("http://"))) as client:
        client.request("POST", "/v1/audio/speech", json.dumps(body), {"Content-Type": "application/json"})
        job_id = job_of(mill, body["metadata"])
        wait_until(mill, job_id, "in_progress")
    wait_until(mill, job_id, "cancelled")
    check_that_nothing_is_left(mill, job_id)
