"""Workers that are told to stop lose nothing and hold nobody up, and no crash is charged. (test_workers.py has the simple cases.)

Leases are long here: what goes on elsewhere has been given back, and did not wait for a lease to end.
"""

import os
import signal
import socket
import threading
import time
from collections.abc import Iterator

import pytest

from tests.contract.webhook_receiver import OK, receiver
from tests.e2e.customers import Customers
from tests.e2e.held import held
from tests.e2e.stack import Stack, running_stack
from tests.e2e.test_workers import BOOK
from tests.e2e.worker_process import ask, counted, start_worker, until
from tests.services.rclone_s3 import running_rclone

LEASE_S = "60"
AT_ONCE_S = 30.0
"""It is under a second. A busy machine may take longer, but not a lease."""


@pytest.fixture
def mill(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    with running_stack(tmp_path_factory.mktemp("drain"), workers=False, WORKER__LEASE_S=LEASE_S) as stack:
        yield stack


def test_a_stopping_worker_takes_nothing_more_and_ends_with_what_it_has(mill: Stack) -> None:
    speech = start_worker(mill, "speech")
    with held(mill):
        under_way = mill.create("One sentence, HELD for as long as it is being looked at.")
        until(speech.holds, "it has not begun")
        speech.tell_to_stop()
        until(lambda: ask(mill, "HGET", f"worker:{speech.id}", "state") == "draining", "it does not say that it drains")
        waiting = mill.create("A sentence for whoever comes next.")
    assert speech.exit_status() == 0
    assert [mill.job(job["id"])["status"] for job in (under_way, waiting)] == ["completed", "queued"]
    start_worker(mill, "speech")
    assert mill.wait(waiting["id"])["attempts"] == 1


def test_a_worker_is_ready_until_it_is_told_to_stop(mill: Stack) -> None:
    def ready() -> int:
        program = mill.start("ready", "worker", "ready")
        until(lambda: not program.running, "it does not answer")
        return program.exit_status

    assert ready() == 1
    cpu = start_worker(mill, "cpu")
    assert ready() == 0
    cpu.tell_to_stop()
    until(lambda: ready() == 1, "it is still ready")
    assert cpu.exit_status() == 0


def test_what_cannot_be_finished_within_the_grace_runs_elsewhere_at_once_and_uncharged(mill: Stack) -> None:
    staying = start_worker(mill, "speech")
    leaving = start_worker(mill, "speech", WORKER__GRACE_S="0.1")
    os.kill(staying.program.pid, signal.SIGSTOP)  # so that the other one takes them all
    with held(mill):
        jobs = [mill.create(f"Sentence number {n} is HELD beyond the grace.")["id"] for n in range(3)]
        until(lambda: len(leaving.holds()) == len(jobs), "it has not begun")
        os.kill(staying.program.pid, signal.SIGCONT)
        leaving.tell_to_stop()
        grace_ends_s = time.time() + 0.1
        until(staying.holds, "what was given back is not worked on")
        assert time.time() - grace_ends_s < AT_ONCE_S
    assert leaving.exit_status() == 0
    done = [mill.wait(job_id) for job_id in jobs]
    assert {job["status"] for job in done} == {"completed"}
    assert sum(job["attempts"] - 1 for job in done) == counted(mill, "units:returned") > 0
    assert counted(mill, "units:crashed") == 0


def test_what_a_hanging_store_holds_up_is_given_back_when_the_grace_ends_all_the_same(
        tmp_path_factory: pytest.TempPathFactory) -> None:
    folder = tmp_path_factory.mktemp("drain_s3")
    with running_rclone(folder) as s3, running_stack(folder / "stack", s3=s3.settings("speech"), workers=False,
                                                     WORKER__LEASE_S=LEASE_S) as stack:
        leaving = start_worker(stack, "speech", WORKER__GRACE_S="0.5")
        assert stack.wait(stack.create("Before the frost.")["id"])["status"] == "completed"
        os.kill(s3.gateway.pid, signal.SIGSTOP)
        try:
            job = stack.create("A sentence that no store takes.")
            until(leaving.holds, "it has not begun")
            time.sleep(3)  # it is spoken by then, and on its way to the store
            leaving.tell_to_stop()
            grace_ends_s = time.time() + 0.5
            until(lambda: not leaving.holds(), "it is still held")
            assert time.time() - grace_ends_s < AT_ONCE_S
            assert leaving.program.running
        finally:
            os.kill(s3.gateway.pid, signal.SIGCONT)
        start_worker(stack, "speech")
        assert stack.wait(job["id"])["status"] == "completed"
        assert counted(stack, "units:crashed") == 0
        assert leaving.exit_status() == 0


def test_a_worker_ends_although_redis_is_away(tmp_path_factory: pytest.TempPathFactory) -> None:
    with running_stack(tmp_path_factory.mktemp("drain_redis"), workers=False) as stack:
        speech = start_worker(stack, "speech", WORKER__GRACE_S="1")
        with held(stack):
            job = stack.create("One sentence, HELD until Redis is away, and finished while nobody keeps count.")
            until(speech.holds, "it has not begun")
            stack.redis.kill()
        speech.tell_to_stop()
        assert speech.exit_status() == 0
        stack.redis.restart()
        start_worker(stack, "speech")
        assert stack.wait(job["id"])["status"] == "completed"


def test_a_webhook_that_is_being_delivered_when_its_worker_stops_comes_once(mill: Stack) -> None:
    answer = threading.Event()

    def hesitate(connection: socket.socket) -> None:
        answer.wait(30)
        connection.sendall(OK)

    with receiver(hesitate) as endpoint:
        cpu = start_worker(mill, "cpu")
        start_worker(mill, "speech")
        mill.create("Tell me.", webhook={"url": f"http://127.0.0.1:{endpoint.port}/hook"})
        until(lambda: endpoint.requests, "nothing was delivered")
        cpu.tell_to_stop()
        until(lambda: ask(mill, "HGET", f"worker:{cpu.id}", "state") == "draining", "it does not say that it drains")
        answer.set()
        assert cpu.exit_status() == 0
        assert counted(mill, "deliveries:delivered") == 1
        assert ask(mill, "ZCARD", "outbox") == 0


@pytest.mark.timeout(300)  # it starts eight workers, one after the other
def test_nobody_notices_a_rolling_restart_of_all_workers(mill: Stack) -> None:
    old = [start_worker(mill, role) for role in ("speech", "speech", "cpu", "cpu")]
    book = mill.create(BOOK)
    customers = Customers(mill)
    with customers.asking():
        for worker in old:
            worker.tell_to_stop()
            assert worker.exit_status() == 0
            start_worker(mill, worker.role)
    assert customers.errors == []
    assert customers.n_spoken >= len(old)
    jobs = [mill.wait(job_id) for job_id in (book["id"], *customers.jobs)]
    assert {job["status"] for job in jobs} == {"completed"}
    assert counted(mill, "jobs:completed") == len(jobs) + customers.n_spoken
    assert counted(mill, "units:crashed") == 0
