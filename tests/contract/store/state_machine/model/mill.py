"""The model's mill: everything that is remembered, and the few moves that its verbs are made of."""

from collections import Counter, defaultdict
from dataclasses import dataclass, field
from math import inf

from speechmill.job import TRANSITIONS, JobClass, Phase, Status
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

    # Jobs and units -------------------------------------------------------------------------------------------------------

    def record(self, job: ModelJob, kind: str) -> None:
        """Into the event log, and into the outbox if the client asked for it."""
        job.version += 1
        self.log.append(LogEntry(job.id, kind, job.status.value, job.progress, job.version))
        if kind in job.hook:
            name = f"evt_{job.id.rpartition('_')[2]}{job.version:06x}"
            self.events[name] = ModelEvent(job.id, job.tenant, kind, self.now_ms, due_ms=self.now_ms)
            self.ring("deliver", ALL)

    def move(self, job: ModelJob, to: Status) -> None:
        assert to in TRANSITIONS[job.status], f"{job.status} -> {to}"
        job.status = to

    def enqueue(self, job: ModelJob, *units: ModelUnit) -> None:
        for unit in units:
            unit.place = Place.BACK if unit.was_claimed else Place.NEW
        self.lines[job.queue].enter(job.tenant, job.id)
        self.ring(job.queue, len(units))

    def enter(self, job: ModelJob, phase: Phase, units: dict[str, int]) -> None:
        """Queue the units of the next phase: name -> characters."""
        job.phase = phase
        job.units = {name: ModelUnit(job.id, name, characters) for name, characters in units.items()}
        self.enqueue(job, *job.units.values())

    def speak(self, job: ModelJob) -> None:
        self.enter(job, Phase.SPEAK, {str(n): characters for n, characters in enumerate(job.segments)})

    def unlease(self, unit: ModelUnit, how: str) -> None:
        """how: done | failed | returned (uncharged) | crashed | stopped (its job has ended)"""
        assert unit.lease
        self.stats[f"units:{how}"] += 1
        if unit.lease.queue.startswith("speech:"):
            self.ring(unit.lease.queue, 1)
        unit.lease = None

    def withdraw(self, job: ModelJob) -> None:
        """No unit of it waits any longer."""
        self.lines[job.queue].leave(job.tenant, job.id)
        for unit in job.at(Place.SUSPECT):
            self.leave_group(job, unit)
        for unit in job.at(*WAITING, Place.SUSPECT):
            unit.place = Place.STOPPED

    def close(self, job: ModelJob, status: Status, error: str = "") -> None:
        self.withdraw(job)
        for unit in job.at(Place.LEASED):
            self.unlease(unit, "stopped")
            unit.place = Place.STOPPED
        for unit in job.units.values():
            unit.forget_charges()
        self.move(job, status)
        job.ended_ms, job.error, job.deadline_stands = self.now_ms, error, False
        if status is Status.COMPLETED:
            job.progress = 100
        job.expires_ms = self.now_ms + (self.policy.results_ms if job.keep_ms is None else job.keep_ms)
        self.stats[f"jobs:{status.value}"] += 1
        if status is Status.FAILED:
            self.stats[f"failures:{error}"] += 1
        if job.started_ms is not None:
            self.observe("run", job.klass, self.now_ms - job.started_ms)
        self.record(job, f"speech.job.{status.value}")

    def ended_by_its_last_lease(self, job: ModelJob) -> bool:
        """A cancelled job is over when nobody works on it."""
        if job.status is Status.CANCELLING and not job.at(Place.LEASED):
            self.close(job, Status.CANCELLED)
            return True
        return False

    def drop(self, unit: ModelUnit) -> None:
        """It came back to a job that no longer wants it."""
        unit.place = Place.STOPPED
        unit.forget_charges()

    def queue_again(self, job: ModelJob, unit: ModelUnit) -> None:
        """Where it came from; among the suspects, once a worker has died with it."""
        if not unit.group:
            self.enqueue(job, unit)
            return
        unit.place = Place.SUSPECT
        self.suspects[job.suspect_queue].setdefault(unit.group, []).append(unit)
        self.ring(job.suspect_queue, 1)

    def leave_group(self, job: ModelJob, unit: ModelUnit) -> None:
        """It waits no longer. A group that nobody waits in is gone."""
        groups = self.suspects[job.suspect_queue]
        groups[unit.group].remove(unit)
        if not groups[unit.group]:
            del groups[unit.group]

    def give_back(self, unit: ModelUnit) -> None:
        """Undone and uncharged."""
        job = self.jobs[unit.job]
        self.unlease(unit, "returned")
        unit.place = Place.STOPPED
        if not self.ended_by_its_last_lease(job) and job.status is Status.IN_PROGRESS:
            self.queue_again(job, unit)
        else:
            self.drop(unit)

    def crash(self, units: list[ModelUnit]) -> None:
        """An incident: their worker died, or its engine. Who was alone is charged; of several, each group halves."""
        self.incidents += 1
        units = sorted(units, key=lambda unit: unit.ref)
        again = [unit for unit in units if self._runs_again(unit)]
        if len(units) == 1 and again and self._failed_alone(again[0]):
            return
        kinds: dict[str, list[ModelUnit]] = {}
        for unit in again:
            kinds.setdefault(unit.group or self.jobs[unit.job].suspect_queue, []).append(unit)
        for n, kind in enumerate(kinds.values()):
            for i, unit in enumerate(kind):
                unit.group = f"{self.incidents}.{2 * n + (1 if i < (len(kind) + 1) // 2 else 2)}"
                self.queue_again(self.jobs[unit.job], unit)

    def _runs_again(self, unit: ModelUnit) -> bool:
        job = self.jobs[unit.job]
        self.unlease(unit, "crashed")
        unit.place = Place.STOPPED
        if not self.ended_by_its_last_lease(job) and job.status is Status.IN_PROGRESS:
            return True
        self.drop(unit)
        return False

    def _failed_alone(self, unit: ModelUnit) -> bool:
        unit.crashes += 1
        if unit.crashes < self.policy.max_crashes:
            return False
        self.close(self.jobs[unit.job], Status.FAILED, "worker_crashed")
        return True

    def forget(self, job: ModelJob) -> None:
        del self.jobs[job.id]
