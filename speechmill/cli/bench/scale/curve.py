"""What each call costs while more and more jobs wait, beside a second Redis in which a hundred always do.

The two are measured in turns, round by round, so that whatever else the machine does falls on both; a ratio is of one round.
"""

import statistics
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass

from speechmill.cli.bench.scale.cost import Cost, measure, median
from speechmill.cli.bench.scale.server import Server
from speechmill.cli.bench.scale.subject import Subject
from speechmill.job import Unit
from speechmill.store import verbs
from speechmill.store.numbers import numbers
from speechmill.tasks import KEY_PREFIX

BESIDE = 100
"""Jobs that wait in the Redis beside."""
SWEEP_PAUSE_MS = 1


@dataclass(frozen=True)
class Depths:
    """What to measure: rising numbers of jobs of one tenant, then the most of them with more tenants."""

    jobs: Sequence[int]
    tenants: Sequence[int]
    calls: int
    rounds: int


@dataclass(frozen=True)
class Point:
    """`job_bytes`: memory of Redis for each job that waits. `ratios`: Redis's time for a call, median, over the same beside."""

    jobs: int
    tenants: int
    job_bytes: float
    costs: dict[str, Cost]
    ratios: dict[str, float]


def measure_curve(server: Server, beside: Server, depths: Depths, tell: Callable[[str], None]) -> Iterator[Point]:
    beside.forget_all()
    with closing(Subject(beside)) as few:
        few.fill(BESIDE)
        for tenants in (1, *depths.tenants):
            server.forget_all()
            empty_bytes, waiting = server.used_bytes, 0
            with closing(Subject(server, tenants)) as many:
                for jobs in depths.jobs if tenants == 1 else depths.jobs[-1:]:
                    tell(f"{jobs:,} jobs of {tenants:,} tenants")
                    many.fill(jobs - waiting)
                    waiting = jobs
                    server.settle()
                    job_bytes = (server.used_bytes - empty_bytes) / jobs
                    yield _point(many, few, depths, Point(jobs, tenants, job_bytes, {}, {}))


def _point(many: Subject, few: Subject, depths: Depths, at: Point) -> Point:
    rounds = [_round(many, few, depths.calls, many_first=n % 2 == 0) for n in range(depths.rounds)]
    names = list(rounds[0][0])
    return Point(at.jobs, at.tenants, at.job_bytes,
                 costs={name: median([large[name] for large, _ in rounds]) for name in names},
                 ratios={name: statistics.median(large[name].redis_p50_us / small[name].redis_p50_us for large, small in rounds)
                         for name in names})


def _round(many: Subject, few: Subject, calls: int, *, many_first: bool) -> tuple[dict[str, Cost], dict[str, Cost]]:
    if many_first:
        return _costs(many, calls), _costs(few, calls)
    beside = _costs(few, calls)
    return _costs(many, calls), beside


def _costs(subject: Subject, calls: int) -> dict[str, Cost]:
    """As many jobs wait afterwards as before."""
    server, store = subject.server, subject.store
    held: deque[Unit] = deque()
    tenant = next(subject.tenants)
    listed = f"{KEY_PREFIX}jobs:{tenant}:queued"

    def page(status: str = "", after: str = "") -> Callable[[], object]:
        call = verbs.list_jobs(tenant, status=status, after=after, limit=20, newest_first=True)
        return lambda: store.run(call)

    costs = {
        "submit": measure(server, subject.submit, calls),
        "claim": measure(server, lambda: held.append(subject.claim()), calls),
        "completed": measure(server, lambda: subject.complete(held.popleft()), calls),
        "sweep": measure(server, lambda: store.run(verbs.sweep(SWEEP_PAUSE_MS)), calls, pause_s=2 * SWEEP_PAUSE_MS / 1000),
        "metrics": measure(server, lambda: store.run(numbers()), calls),
    }
    rank = server.admin.zcard(listed) // 2
    middle = str(server.admin.zrange(listed, rank, rank)[0])
    return {
        **costs,
        "list": measure(server, page(), calls),
        "list, by status": measure(server, page("queued"), calls),
        "list, from the middle": measure(server, page("queued", middle), calls),
        "look": measure(server, lambda: store.run(verbs.look(middle, tenant)), calls),
    }
