"""Where one Redis ends: simulated workers, process by process more, until its one thread has no time left."""

import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager
from dataclasses import asdict, dataclass

from speechmill.cli.bench.scale.server import Server
from speechmill.cli.bench.scale.simulated_worker import Done, Kind, Shift
from speechmill.cli.bench.scale.subject import Subject
from speechmill.cli.exits import Failure
from speechmill.store.numbers import numbers

THREADS = 8
MOST_UNITS_PER_S = 10_000
BOOK_SEGMENTS = 20_000
SPEECH_S: dict[Kind, float] = {"segment": 20.0, "sentence": 5.0}
"""Seconds of sound of a unit."""
GPU_TIMES_REALTIME = 1000.0


@dataclass(frozen=True)
class Load:
    """`processes` of THREADS threads each; `fsync`: when Redis's log is on disk, always | everysec."""

    kind: Kind
    processes: int
    fsync: str
    seconds: float


@dataclass(frozen=True)
class Reached:
    """`redis_core`: share of a core that Redis's main thread used; `redis_us`: its CPU a unit. `script_us`: time inside scripts,
    of which `command_us` inside the commands that they call. `clients_core`: CPU of all simulated workers."""

    load: Load
    units_per_s: float
    redis_core: float
    redis_us: float
    script_us: float
    command_us: float
    clients_core: float

    @property
    def most_per_s(self) -> float:
        """Units a second when that thread has a core to itself and does nothing else."""
        return 1e6 / self.redis_us

    @property
    def gpus(self) -> float:
        """GPUs of 1,000× realtime that `most_per_s` keeps busy."""
        return self.most_per_s * SPEECH_S[self.load.kind] / GPU_TIMES_REALTIME


def measure_limit(server: Server, loads: Sequence[Load], tell: Callable[[str], None]) -> Iterator[Reached]:
    server.forget_all()
    with closing(Subject(server)) as subject, _workers(server, max(load.processes for load in loads)) as workers:
        for load in loads:
            tell(f"{load.processes} simulated workers, {load.kind}s, fsync {load.fsync}")
            if load.kind == "segment":
                _top_up(subject, round(load.seconds * MOST_UNITS_PER_S))
            server.fsync(load.fsync)
            server.settle()
            yield _measure(server, workers[:load.processes], load)
        server.fsync("always")


def _measure(server: Server, workers: Sequence["subprocess.Popen[str]"], load: Load) -> Reached:
    server.admin.config_resetstat()
    cpu_s, began_s = server.cpu_s, time.perf_counter()
    for n, worker in enumerate(workers):
        _send(worker, json.dumps(asdict(Shift(load.kind, load.seconds, THREADS, f"worker-{n}"))))
    done = [_done(worker) for worker in workers]
    cpu_s, took_s = server.cpu_s - cpu_s, time.perf_counter() - began_s
    units = sum(one.units for one in done)
    if not units or any(one.idle > units for one in done):
        raise Failure("the simulated workers found nothing to do.")
    commands = server.info("commandstats")
    script_us = float(commands.pop("cmdstat_evalsha")["usec"])
    return Reached(load, units / took_s, cpu_s / took_s, 1e6 * cpu_s / units, script_us / units,
                   sum(figures["usec"] for figures in commands.values()) / units, sum(one.cpu_s for one in done) / took_s)


def _top_up(subject: Subject, units: int) -> None:
    """At least so many segments wait, of books of as many tenants as it takes."""
    waiting = sum(subject.store.run(numbers()).depth.values())
    for n in range(-(-(units - waiting) // BOOK_SEGMENTS)):
        subject.plan_book(f"author-{n}", BOOK_SEGMENTS)


@contextmanager
def _workers(server: Server, n: int) -> Iterator[list["subprocess.Popen[str]"]]:
    with ExitStack() as running:
        command = [sys.executable, "-P", "-m", "speechmill.cli.bench.scale.simulated_worker"]
        # In groups of their own: Ctrl-C is for the bench, which ends them.
        workers = [running.enter_context(subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
                                                          process_group=0)) for _ in range(n)]
        for worker in workers:
            running.callback(worker.terminate)
            _send(worker, server.url)
        yield workers


def _send(worker: "subprocess.Popen[str]", line: str) -> None:
    assert worker.stdin
    worker.stdin.write(line + "\n")
    worker.stdin.flush()


def _done(worker: "subprocess.Popen[str]") -> Done:
    assert worker.stdout
    line = worker.stdout.readline()
    if not line:
        raise Failure(f"a simulated worker ended with status {worker.wait()}.")
    done = Done(**json.loads(line))
    if done.errors:
        raise Failure(f"a simulated worker failed: {done.errors[0]}")
    return done
