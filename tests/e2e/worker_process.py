"""A worker process of a running stack, and what Redis knows of it."""

import os
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from tests.e2e.stack import Stack
from tests.services.program import Program

MODULES = {"speech": "tests.e2e.paced_worker", "cpu": "worker"}
"""Who speaks takes its time."""


@dataclass(frozen=True)
class WorkerProcess:
    """`id` is its name in the job store."""

    stack: Stack
    role: str
    program: Program
    id: str

    def holds(self) -> set[str]:
        """The units that it leases."""
        return set(ask(self.stack, "SMEMBERS", f"held:{self.id}"))

    def tell_to_stop(self) -> None:
        """SIGTERM, and nothing worse later."""
        os.kill(self.program.pid, signal.SIGTERM)

    def exit_status(self) -> int:
        """Once it has ended."""
        until(lambda: not self.program.running, f"it has not ended\n{self.stack.logs()}")
        return self.program.exit_status


def start_worker(stack: Stack, role: str, **settings: str) -> WorkerProcess:
    """A new worker of this role, once it takes units. `settings` override the stack's (without their SPEECHMILL_)."""
    before = ready_workers(stack)
    name = f"{role}-{len(stack.programs)}"
    program = stack.start(name, MODULES[role], role, **settings)
    until(lambda: ready_workers(stack) - before, f"{name} is not ready\n{stack.logs()}")
    (new,) = ready_workers(stack) - before
    return WorkerProcess(stack, role, program, new)


def ready_workers(stack: Stack) -> set[str]:
    known = ask(stack, "ZRANGE", "workers", 0, -1)
    return {worker for worker in known if ask(stack, "HGET", f"worker:{worker}", "state") == "ready"}


@contextmanager
def frozen(stack: Stack, name: str) -> Iterator[None]:
    """Inside, this program does nothing. The leases of a worker must be longer than that."""
    pid = stack.programs[name].pid
    os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(pid, signal.SIGCONT)


def a_lease_passes(stack: Stack, role: str) -> None:
    """For the workers of this role, which were all killed: the next sweep finds that they have been silent for a whole lease.
    So leases can be too long for any pause of the machine, and nobody waits for them."""
    dead = [worker for worker in ask(stack, "ZRANGE", "workers", 0, -1) if ask(stack, "HGET", f"worker:{worker}", "role") == role]
    for worker in dead:  # before its leases: one that ends under a worker that beats is no crash
        ask(stack, "ZADD", "workers", "XX", 1, worker)
        for unit in ask(stack, "SMEMBERS", f"held:{worker}"):
            ask(stack, "ZADD", "leases", "XX", 1, unit)


def counted(stack: Stack, name: str) -> int:
    """One of the job store's own counters, such as units:crashed."""
    return int(ask(stack, "HGET", "stats", name) or 0)


def ask(stack: Stack, command: str, key: str, *arguments: str | int) -> Any:
    """What Redis says of a key of the job store."""
    with stack.redis.client() as client:
        return client.execute_command(command, f"{{speechmill}}:{key}", *arguments)  # type: ignore[no-untyped-call]


def until(true: Callable[[], object], otherwise: str, timeout_s: float = 60) -> None:
    deadline = time.monotonic() + timeout_s
    while not true():
        assert time.monotonic() < deadline, otherwise
        time.sleep(0.02)
