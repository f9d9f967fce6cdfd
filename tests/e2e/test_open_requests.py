"""A tenant may hold so many requests open and no more; who goes makes room, and it concerns no other tenant, nor the operator."""

import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack

import httpx
import pytest

from tests.e2e.stack import running_stack
from tests.e2e.test_tenants import ADMIN_KEY, Mill, error_of

MOST = 3
JOBS = "/v1/audio/speech/jobs"


@pytest.fixture(scope="module")
def mill(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Mill]:
    """Whose speech worker has gone home: who waits for a job does so until he goes."""
    with running_stack(tmp_path_factory.mktemp("open"), PRODUCER__ADMIN_KEY=ADMIN_KEY, LIMITS__OPEN_REQUESTS=f"{MOST}") as stack:
        stack.programs["speech"].stop()
        yield Mill(stack)


def queued(http: httpx.Client) -> str:
    answer = http.post(JOBS, json={"input": "Nobody speaks this."})
    assert answer.status_code == 202, answer.text
    return str(answer.json()["id"])


def refused(http: httpx.Client) -> httpx.Response:
    """The answer of the server once it refuses; those who came before may not be in yet."""
    deadline = time.monotonic() + 30
    while (answer := http.get(JOBS)).status_code == 200:
        assert time.monotonic() < deadline, "nobody is refused"
        time.sleep(0.05)
    return answer


def admitted(http: httpx.Client) -> None:
    deadline = time.monotonic() + 30
    while http.get(JOBS).status_code != 200:
        assert time.monotonic() < deadline, "there is no room"
        time.sleep(0.05)


def test_who_listens_takes_a_place_until_he_hangs_up(mill: Mill) -> None:
    with mill.client(mill.key("chatty")) as http, mill.client(mill.key("other")) as other, mill.client(ADMIN_KEY) as operator:
        job_id = queued(http)
        with ExitStack() as listening:
            for _ in range(MOST):
                assert listening.enter_context(http.stream("GET", f"{JOBS}/{job_id}/events")).status_code == 200
            answer = refused(http)
            assert error_of(answer) == (429, "too_many_open_requests")
            assert int(answer.headers["retry-after"]) >= 1
            assert error_of(http.post(JOBS, json={"input": "Nor this."})) == (429, "too_many_open_requests")
            assert other.get(JOBS).status_code == 200
            assert operator.get("/v1/admin/tenants").status_code == 200
        admitted(http)
        assert [job["id"] for job in http.get(JOBS).json()["data"]] == [job_id], "what was refused is no job"


def test_who_waits_takes_a_place_until_the_time_is_over(mill: Mill) -> None:
    seen = threading.Event()

    def wait(job_id: str) -> int:
        """Again, where the time was over too soon, or the place was taken by who looks whether there is one. The last answer."""
        while (answer := http.get(f"{JOBS}/{job_id}", headers={"Prefer": "wait=5"})).status_code == 429 or not seen.is_set():
            pass
        return answer.status_code

    with mill.client(mill.key("patient")) as http, ThreadPoolExecutor(MOST) as threads:
        job_id = queued(http)
        waits = [threads.submit(wait, job_id) for _ in range(MOST)]
        answer = refused(http)
        seen.set()
        assert error_of(answer) == (429, "too_many_open_requests")
        assert [wait.result() for wait in waits] == [200] * MOST
        admitted(http)
