"""The model's mill: everything that is remembered, what is counted of it, and who is told of it."""

from collections import Counter, defaultdict
from dataclasses import dataclass, field
from math import inf

from speechmill.job import JobClass
from speechmill.store.client import Policy
from speechmill.store.scripts import BOUNDS_MS
from tests.contract.store.state_machine.model.jobs import (
    WAITING,
    Lease,
    LogEntry,
    ModelEvent,
    ModelJob,
    ModelUnit,
    ModelWorker,
    Place,
)
from tests.contract.store.state_machine.model.lines import Line

ALL = inf
Bells = dict[str, int]
"""Doorbells to send: queue -> times."""


@dataclass
class Mill:
    policy: Policy
    now_ms: int
    weights: dict[str, int]
    jobs: dict[str, ModelJob] = field(default_factory=dict)
    lines: defaultdict[str, Line] = field(default_factory=lambda: defaultdict(Line))
    suspects: defaultdict[str, dict[str, list[ModelUnit]]] = field(default_factory=lambda: defaultdict(dict))  # -> group -> units
    workers: dict[str, ModelWorker] = field(default_factory=dict)
    doorbells: Counter[str] = field(default_factory=Counter)      # what waits in Celery's queues
    log: list[LogEntry] = field(default_factory=list)
    events: dict[str, ModelEvent] = field(default_factory=dict)
    turns: dict[str, int] = field(default_factory=dict)           # tenant with events in the outbox -> since when it waits, ms
    dead: dict[str, int] = field(default_factory=dict)            # event -> when it was given up
    stats: Counter[str] = field(default_factory=Counter)
    fence: int = 0
    incidents: int = 0
    orders: int = 0
    keys: dict[tuple[str, str, str], tuple[str, str, int]] = field(default_factory=dict)  # -> job, fingerprint, valid until
    same: dict[tuple[str, str, str], tuple[str, int]] = field(default_factory=dict)       # -> job, valid until
    swept_ms: int | None = None
    sweeping_until_ms: float = -inf
    amnesty_until_ms: float = -inf
    rung: dict[str, float] = field(default_factory=dict)          # by the verb that runs now: queue -> how many, or ALL

    # What is counted ------------------------------------------------------------------------------------------------------

    def units_at(self, *places: Place) -> list[ModelUnit]:
        return [unit for job in self.jobs.values() for unit in job.at(*places)]

    def waiting_in(self, queue: str) -> list[ModelUnit]:
        if queue.endswith(":" + JobClass.SUSPECT):
            return [unit for group in self.suspects[queue].values() for unit in group]
        return [unit for job in self.jobs.values() if job.queue == queue for unit in job.at(*WAITING)]

    def leases(self) -> list[tuple[ModelUnit, Lease]]:
        return [(unit, unit.lease) for unit in self.units_at(Place.LEASED) if unit.lease]

    def leased_from(self, queue: str) -> int:
        return sum(lease.queue == queue for _, lease in self.leases())

    def slots(self, queue: str, state: str) -> int:
        return sum((worker.slots or {}).get(queue, 0) for worker in self.workers.values() if worker.state == state)

    # Doorbells ------------------------------------------------------------------------------------------------------------

    def ring(self, queue: str, times: float) -> None:
        self.rung[queue] = self.rung.get(queue, 0) + times

    def bells(self) -> Bells:
        """What is to be rung: never more than find work, a free slot and room in Celery's queue."""
        out = {}
        for queue, wanted in self.rung.items():
            if queue == "deliver":
                useful = sum(event.due_ms is not None and event.due_ms <= self.now_ms for event in self.events.values())
            else:
                useful = len(self.waiting_in(queue))
                if slots := self.slots(queue, "ready"):
                    useful = min(useful, slots - self.leased_from(queue))
            times = min(min(useful, self.policy.doorbells) - self.doorbells[queue], wanted)
            if times > 0:
                out[queue] = int(times)
        self.rung.clear()
        return out

    # Statistics -----------------------------------------------------------------------------------------------------------

    def observe(self, what: str, klass: JobClass, ms: int) -> None:
        """Into a histogram: `wait` from acceptance to the first claim, `run` from there to the end."""
        bucket = next((str(bound) for bound in BOUNDS_MS if ms <= bound), "inf")
        self.stats[f"{what}:{klass.value}:sum"] += ms
        self.stats[f"{what}:{klass.value}:{bucket}"] += 1

    # The event log and the outbox -----------------------------------------------------------------------------------------

    def record(self, job: ModelJob, what: str) -> None:
        """Into the event log, and into the outbox if the client asked for it."""
        job.version += 1
        kind = f"{job.kind}.{what}"
        self.log.append(LogEntry(job.id, kind, job.status.value, job.progress, job.version))
        if kind in job.hook:
            name = f"evt_{job.id.rpartition('_')[2].replace('.', 'p')}{job.version:06x}"
            self.events[name] = ModelEvent(job.id, job.tenant, kind, self.now_ms, due_ms=self.now_ms)
            self.line_up(job.tenant)
            self.ring("deliver", ALL)

    def line_up(self, tenant: str) -> None:
        """After a change in its outbox. Who has an event due keeps its place in line."""
        dates = [event.due_ms for event in self.events.values() if event.tenant == tenant and event.due_ms is not None]
        if not dates:
            self.turns.pop(tenant, None)
        elif not min(dates) <= self.turns.get(tenant, -1) <= self.now_ms:
            self.turns[tenant] = min(dates)
