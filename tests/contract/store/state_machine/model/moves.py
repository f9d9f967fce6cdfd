"""The few moves of jobs and their units that the model's verbs are made of."""

from speechmill.job import TRANSITIONS, Phase, Status
from tests.contract.store.state_machine.model.jobs import WAITING, ModelJob, ModelTake, ModelUnit, Place, Sound
from tests.contract.store.state_machine.model.mill import Mill


class Moves(Mill):

    def move(self, job: ModelJob, to: Status) -> None:
        assert to in TRANSITIONS[job.status], f"{job.status} -> {to}"
        job.status = to

    def enqueue(self, job: ModelJob, *units: ModelUnit) -> None:
        for unit in units:
            unit.place = Place.BACK if unit.was_claimed else Place.NEW
        self.lines[job.queue].enter(job.tenant, job.id)
        self.ring(job.queue, len(units))

    def turn_to(self, job: ModelJob, phase: Phase, units: dict[str, int]) -> None:
        """Its next phase, of these units: name -> characters. They are to be queued."""
        job.phase = phase
        job.units = {name: ModelUnit(job.id, name, characters) for name, characters in units.items()}

    def turn_to_speaking(self, job: ModelJob) -> None:
        self.turn_to(job, Phase.SPEAK, {str(n): characters for n, characters in enumerate(job.segments)})

    def turn_to_finish(self, job: ModelJob) -> None:
        self.turn_to(job, Phase.FINISH, {"finish": job.characters})
        self.enqueue_what_waits(job)

    def enqueue_what_waits(self, job: ModelJob) -> None:
        """All of it that is for later."""
        self.enqueue(job, *job.at(Place.LATER))

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
        for unit in job.at(Place.LATER, *WAITING, Place.SUSPECT):
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
        if not job.book:
            job.expires_ms = self.now_ms + (self.policy.results_ms if job.keep_ms is None else job.keep_ms)
        self.stats[f"{'parts' if job.book else 'jobs'}:{status.value}"] += 1
        if status is Status.FAILED:
            self.stats[f"failures:{error}"] += 1
        if job.started_ms is not None:
            self.observe("run", job.klass, self.now_ms - job.started_ms)
        self.record(job, status.value)

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

    def keep_take(self, job: ModelJob, n: int, take: ModelTake, sound: Sound) -> None:
        job.takes[n] = take
        self.stats["segments:cached" if sound.is_cached else "segments:spoken"] += 1
        self.stats["segments_flagged"] += sound.is_flagged
        self.stats["utterances"] += sound.n_utterances
        self.stats["take_ms"] += sound.duration_ms
        self.stats["take_characters"] += take.characters

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
        self.give_up(unit, "worker_crashed")
        return True

    def give_up(self, unit: ModelUnit, error: str) -> None:
        """It is not tried again."""
        self.close(self.jobs[unit.job], Status.FAILED, error)

    def forget(self, job: ModelJob) -> None:
        del self.jobs[job.id]
