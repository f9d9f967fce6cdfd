"""What time brings about, as the scripts must do it: leases and deadlines end, records go, webhooks are due."""

from speechmill.job import TRANSITIONS, Status
from speechmill.store.deliveries import DueEvent
from speechmill.store.verbs import Swept
from tests.contract.store.state_machine.model.books import Books
from tests.contract.store.state_machine.model.jobs import ModelEvent, ModelUnit
from tests.contract.store.state_machine.model.mill import ALL


class TimeVerbs(Books):

    def set_clock(self, now_ms: int) -> None:
        self.now_ms = now_ms
        self.keys = {key: kept for key, kept in self.keys.items() if kept[2] >= now_ms}
        self.same = {key: kept for key, kept in self.same.items() if kept[1] >= now_ms}
        self.events = {name: event for name, event in self.events.items() if event.until_ms >= now_ms}
        # A key that has ended does not come back when the clock is set back.
        if self.sweeping_until_ms < now_ms:
            self.sweeping_until_ms = -ALL
        if self.amnesty_until_ms < now_ms:
            self.amnesty_until_ms = -ALL

    def sweep(self, pause_ms: int) -> Swept | None:
        if self.sweeping_until_ms >= self.now_ms:
            return None
        self.sweeping_until_ms = self.now_ms + pause_ms
        last, self.swept_ms = self.now_ms if self.swept_ms is None else self.swept_ms, self.now_ms
        if self.now_ms - last > self.policy.lease_ms / 2:
            self.amnesty_until_ms = self.now_ms + self.policy.lease_ms // 3
        ended = sorted((lease.ends_ms, unit.ref, unit) for unit, lease in self.leases() if lease.ends_ms <= self.now_ms)
        if self.amnesty_until_ms >= self.now_ms:
            ended = []
        for _, _, unit in ended:
            if unit.lease:  # else it came back with another of these units
                self._miss(unit, unit.lease.worker)
        n_expired = self._expire()
        n_lost = self._strike_off()
        self._forget()
        self.dead = {name: at_ms for name, at_ms in self.dead.items() if at_ms >= self.now_ms - self.policy.results_ms}
        return Swept(len(ended), n_expired, n_lost, self._ring_for_all())

    def _miss(self, unit: ModelUnit, worker: str) -> None:
        """A worker that beats never knew of this lease. A silent one has died, with all that it held."""
        if worker in self.workers and self.workers[worker].beat_ms > self.now_ms - self.policy.lease_ms:
            self.give_back(unit)
        else:
            self.crash([unit for unit, lease in self.leases() if lease.worker == worker])

    def _expire(self) -> int:
        expired = 0
        late = [job for job in self.jobs.values() if job.deadline_stands and (job.deadline_ms or 0) <= self.now_ms]
        for job in sorted(late, key=lambda job: (job.deadline_ms or 0, job.id)):
            job.deadline_stands = False
            if Status.EXPIRED in TRANSITIONS[job.status]:
                self.close(job, Status.EXPIRED, "deadline_exceeded")
                expired += 1
        return expired

    def _strike_off(self) -> int:
        gone = [name for name, worker in self.workers.items() if worker.beat_ms <= self.now_ms - 2 * self.policy.lease_ms]
        for name in gone:
            del self.workers[name]
        self.stats["workers_lost"] += len(gone)
        return len(gone)

    def _forget(self) -> None:
        for job in list(self.jobs.values()):
            if job.forget_ms is not None and job.forget_ms <= self.now_ms:
                self.forget(job)

    def _ring_for_all(self) -> tuple[tuple[str, int], ...]:
        for queue in {job.queue for job in self.jobs.values()} | set(self.suspects):
            if self.waiting_in(queue):
                self.ring(queue, ALL)
        self.ring("deliver", ALL)
        return tuple(sorted(self.bells().items()))

    def reapable(self) -> set[str]:
        """Jobs whose results are out of date and not yet gone."""
        return {job.id for job in self.jobs.values()
                if job.expires_ms is not None and job.forget_ms is None and job.expires_ms <= self.now_ms}

    def reaped(self, job_id: str) -> None:
        job = self.jobs.get(job_id)
        if job and job.ended_ms is not None and job.forget_ms is None:
            job.forget_ms = job.ended_ms + self.policy.records_ms

    def due(self, hold_ms: int) -> DueEvent | None:
        tenant = self._whose_turn_it_is()
        if tenant is None:
            return None
        _, name = min((event.due_ms, name) for name, event in self.events.items()
                      if event.tenant == tenant and event.due_ms is not None)
        event = self.events[name]
        for other in self._posting(tenant):
            if (other.held_until_ms or 0) <= self.now_ms:
                other.held_until_ms = None
        event.due_ms = event.held_until_ms = self.now_ms + hold_ms
        event.hold += 1
        self.line_up(tenant)
        self.turns[tenant] = max(self.turns[tenant], self.now_ms)
        return DueEvent(name, event.job, event.tenant, event.type, event.at_ms, event.tries + 1, event.hold)

    def _whose_turn_it_is(self) -> str | None:
        """Of whom the fewest events are being delivered; among such, who was handed none for longest."""
        line = [(sum((event.held_until_ms or 0) > self.now_ms for event in self._posting(tenant)), turn_ms, tenant)
                for tenant, turn_ms in self.turns.items() if turn_ms <= self.now_ms]
        return min(line)[2] if line else None

    def _posting(self, tenant: str) -> list[ModelEvent]:
        return [event for event in self.events.values() if event.tenant == tenant and event.held_until_ms is not None]

    def settled(self, held: DueEvent, outcome: str, in_ms: int) -> bool:
        event = self.events.get(held.id)
        if event is None or event.hold != held.hold:
            return False
        event.tries += 1
        event.hold += 1
        event.held_until_ms = None
        self.stats[f"deliveries:{outcome}"] += 1
        if outcome == "again":
            event.due_ms = self.now_ms + in_ms
        else:
            event.due_ms, event.until_ms = None, self.now_ms + self.policy.results_ms
            if outcome == "dead":
                self.dead[held.id] = self.now_ms
        self.line_up(event.tenant)
        return True
