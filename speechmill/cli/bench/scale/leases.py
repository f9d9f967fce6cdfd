"""What living and dead workers cost: a beat by how many units it names, and the sweep that takes back a dead worker's."""

from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass

from speechmill.cli.bench.scale.cost import Cost, measure
from speechmill.cli.bench.scale.server import Server
from speechmill.cli.bench.scale.subject import SPEECH, WORKER, Subject
from speechmill.job import Unit
from speechmill.store import verbs
from speechmill.tasks import KEY_PREFIX


@dataclass(frozen=True)
class Beat:
    """One beat that renews so many leases."""

    leases: int
    cost: Cost


@dataclass(frozen=True)
class Crash:
    """A worker died with so many leases: the sweeps that took them back, and the time in Redis of the longest."""

    leases: int
    sweeps: int
    longest_ms: float


def measure_beats(server: Server, leases: Sequence[int], beats: int) -> Iterator[Beat]:
    server.forget_all()
    with closing(Subject(server)) as subject:
        subject.plan_book("tenant-0", max(leases))
        held: list[Unit] = []
        for n in leases:
            held += _claim(subject, n - len(held))
            call = verbs.beat(WORKER, [(unit.ref, unit.token) for unit in held], 60_000)
            assert subject.store.run(call)[1] == (), "a beat that names what it holds loses nothing"
            yield Beat(n, measure(server, lambda call=call: subject.store.run(call), beats))  # type: ignore[misc]


def measure_crash(server: Server, leases: int) -> Crash:
    server.forget_all()
    with closing(Subject(server)) as subject:
        subject.plan_book("tenant-0", leases)
        held = _claim(subject, leases)
        server.admin.zadd(KEY_PREFIX + "leases", {unit.ref: 1 for unit in held})  # as if the lease time had passed
        sweeps_us: list[float] = []
        while server.admin.zcard(KEY_PREFIX + "leases") and len(sweeps_us) < leases:
            sweeps_us.append(measure(server, lambda: subject.store.run(verbs.sweep(1)), 1, pause_s=0.002).redis_p99_us)
        return Crash(leases, len(sweeps_us), max(sweeps_us) / 1000)


def _claim(subject: Subject, n: int) -> list[Unit]:
    claimed = subject.run_all([verbs.claim(WORKER, SPEECH)] * n)
    return [unit for unit, _ in filter(None, claimed)]
