"""What /metrics shows of the job store: counters that the scripts keep, and what waits and runs at this moment."""

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from speechmill.job import JobClass
from speechmill.request import SEGMENT_CHARACTERS
from speechmill.store.scripts import BOUNDS_MS, SCRIPTS
from speechmill.store.verbs import Call, EngineFigures, WorkerFigures

SEGMENT_MS = 20_000


@dataclass(frozen=True)
class Histogram:
    """Durations: how many there were in each bucket of BOUNDS_MS, and above all of them in one more; their sum, seconds."""

    buckets: tuple[int, ...]
    sum_s: float


@dataclass(frozen=True)
class Numbers:
    """Counters since Redis was first used (`stats`), gauges by queue, how many workers there are of each role and state, and
    what each worker said with its last beat. Every queue that has work or a worker is in `depth`."""

    stats: Mapping[str, int]
    depth: Mapping[str, int]
    backlog: Mapping[str, int]           # characters queued
    leased: Mapping[str, int]
    capacity: Mapping[str, int]
    warming: Mapping[str, int]
    longest_wait_ms: Mapping[str, int]
    workers: Mapping[tuple[str, ...], int]       # by role and state
    figures: Mapping[str, WorkerFigures]
    outbox: int
    overdue_ms: int                      # of the outbox's event that has been due longest
    dead: int

    def histogram(self, what: str, klass: JobClass) -> Histogram:
        """what: wait (from acceptance to the first claim) | run (from there to the end)"""
        def stat(part: object) -> int:
            return self.stats.get(f"{what}:{klass.value}:{part}", 0)

        return Histogram(tuple(stat(bound) for bound in (*BOUNDS_MS, "inf")), stat("sum") / 1000)

    def counted(self, group: str) -> dict[str, int]:
        """The counters `group:…` of `stats`, by what follows."""
        return {name.removeprefix(f"{group}:"): n for name, n in self.stats.items() if name.startswith(f"{group}:")}

    @property
    def backlog_s(self) -> dict[str, float]:
        """The backlog as seconds of sound: at the pace of all takes so far, and until there are many, of a usual segment."""
        ms = self.stats.get("take_ms", 0) + SEGMENT_MS
        characters = self.stats.get("take_characters", 0) + SEGMENT_CHARACTERS
        return {queue: n * ms / characters / 1000 for queue, n in self.backlog.items()}


def numbers() -> Call[Numbers]:
    return Call(SCRIPTS["numbers"], (), _numbers)


def _numbers(reply: Sequence[Any]) -> Numbers:
    depth, backlog, leased, capacity, warming, waits, workers, figures, stats, outbox, overdue_ms, dead = reply
    # Queues that only one of them knows are zero in the others: a line that comes and goes cannot be compared with another.
    queues = sorted({str(queue) for table in reply[:6] for queue in table[::2]})

    def by_queue(table: Sequence[Any]) -> dict[str, int]:
        return {**dict.fromkeys(queues, 0), **_counts(table)}

    return Numbers(
        stats=_counts(stats), depth=by_queue(depth), backlog=by_queue(backlog), leased=by_queue(leased),
        capacity=by_queue(capacity), warming=by_queue(warming), longest_wait_ms=by_queue(waits), workers=Counter(_pairs(workers)),
        figures={worker: _figures(json.loads(said)) for worker, said in _pairs(figures)},
        outbox=outbox, overdue_ms=overdue_ms, dead=dead)


def _figures(said: dict[str, Any]) -> WorkerFigures:
    engine = said.pop("engine")
    return WorkerFigures(**said, engine=EngineFigures(**engine) if engine else None)


def _counts(flat: Sequence[Any]) -> dict[str, int]:
    return {name: int(value) for name, value in _pairs(flat)}


def _pairs(flat: Sequence[Any]) -> list[tuple[Any, Any]]:
    return list(zip(flat[::2], flat[1::2], strict=True))
