"""The verbs of workers, as the scripts must do them."""

from collections.abc import Sequence

from speechmill.book import Contents
from speechmill.job import JobError, Output, Phase, Status, Unit
from speechmill.store import verbs
from tests.contract.store.state_machine.model.books import Books
from tests.contract.store.state_machine.model.jobs import (
    WAITING,
    Cut,
    Lease,
    ModelTake,
    ModelUnit,
    ModelWorker,
    Place,
    Sound,
)
from tests.contract.store.state_machine.model.mill import ALL, Bells


class WorkerVerbs(Books):

    def enlist(self, worker: str, state: str, slots: dict[str, int]) -> Bells:
        if state == "gone":
            self.workers.pop(worker, None)
        else:
            self.workers[worker] = ModelWorker(self.now_ms, state, dict(slots))
        for queue in slots:
            self.ring(queue, ALL)
        return self.bells()

    def claimable(self, queues: Sequence[str]) -> list[ModelUnit]:
        """The units of which CLAIM must give one: what came back first, else the first of the new ones. Of suspects, the first of
        the first group, which brings its company."""
        for queue in queues:
            if self.suspects[queue]:
                return next(iter(self.suspects[queue].values()))[:1]
            if first := self.lines[queue].first():
                job = self.jobs[first]
                return job.at(Place.BACK) or job.at(Place.NEW)[:1]
        return []

    def company(self, worker: str, unit: ModelUnit) -> list[ModelUnit]:
        """Who comes with a claim of this suspect: as many of its group as the worker takes at once."""
        queue = self.jobs[unit.job].suspect_queue
        if unit.place is not Place.SUSPECT:
            return []
        slots = (self.workers[worker].slots or {}).get(queue, 1) if worker in self.workers else 1
        return self.suspects[queue][unit.group][1:slots]

    def claim(self, worker: str, *units: ModelUnit) -> Bells:
        """One of the claimable and its company."""
        for unit in units:
            self._lease(worker, unit)
        return self.bells()

    def _lease(self, worker: str, unit: ModelUnit) -> None:
        job = self.jobs[unit.job]
        queue = job.queue
        if unit.place is Place.SUSPECT:
            queue = job.suspect_queue
            self.leave_group(job, unit)
        self.fence += 1
        unit.place, unit.was_claimed = Place.LEASED, True
        unit.attempt += 1
        unit.lease = Lease(self.fence, worker, queue, self.now_ms, self.now_ms + self.policy.lease_ms)
        if queue == job.queue:
            self.lines[queue].serve(job.tenant, job.id, unit.characters, self.weights.get(job.tenant, 1))
            if not job.at(*WAITING):
                self.lines[queue].leave(job.tenant, job.id)
        if unit.attempt > 1 or unit.name in (Phase.WHOLE, Phase.PLAN):
            job.attempts += 1
        if job.status is Status.QUEUED:
            self.move(job, Status.IN_PROGRESS)
            job.started_ms = self.now_ms
            self.observe("wait", job.klass, self.now_ms - job.created_ms)
            self.record(job, "started")

    def beat(self, worker: str, held: Sequence[tuple[str, int]], reply_ms: int) -> tuple[bool, set[str]]:
        """Renews leases; what it is not said to hold goes back, unless its claim is too young to be missed."""
        known = worker in self.workers and self.workers[worker].slots is not None
        self.workers.setdefault(worker, ModelWorker(self.now_ms)).beat_ms = self.now_ms
        stop = set()
        for ref, token in held:
            unit = self._owned(ref, token)
            if unit and unit.lease:
                unit.lease.ends_ms = self.now_ms + self.policy.lease_ms
            if unit is None or self.jobs[unit.job].status is Status.CANCELLING:
                stop.add(ref)
        said = {ref for ref, _ in held}
        for unit, lease in sorted(self.leases(), key=lambda pair: pair[0].ref):
            if lease.worker == worker and unit.ref not in said and lease.claimed_ms < self.now_ms - reply_ms:
                self.give_back(unit)
        self.rung.clear()
        return known, stop

    def planned(self, claim: Unit, places: Sequence[verbs.Place]) -> tuple[bool, Bells]:
        unit, job = self._owned(claim.ref, claim.token), self.jobs.get(claim.job_id)
        if unit is None or job is None:
            return job is not None and job.plan_token == claim.token, self.bells()
        self._done(unit)
        if self.ended_by_its_last_lease(job):
            return False, self.bells()
        job.plan_token, job.segments = claim.token, [place.characters for place in places]
        self.turn_to_speaking(job)
        self.enqueue_what_waits(job)
        self.record(job, "planned")
        return True, self.bells()

    def divided(self, claim: Unit, contents: Contents, cut: Cut) -> tuple[bool, Bells]:
        """A book was read. One without chapters was to be read and no more."""
        unit, book = self._owned(claim.ref, claim.token), self.jobs.get(claim.job_id)
        if unit is None or book is None:
            return book is not None and book.plan_token == claim.token, self.bells()
        self._done(unit)
        if self.ended_by_its_last_lease(book):
            return False, self.bells()
        book.plan_token = claim.token
        if cut.chapters:
            self.divide(book, cut)
        else:
            book.characters = contents.characters
            self.close(book, Status.COMPLETED)
        return True, self.bells()

    def spoken(self, claim: Unit, sound: Sound) -> tuple[bool, Bells]:
        unit, job = self._owned(claim.ref, claim.token), self.jobs.get(claim.job_id)
        n = int(claim.ref.rpartition("/")[2])
        if unit is None or job is None:
            return job is not None and n in job.takes and job.takes[n].token == claim.token, self.bells()
        self._done(unit)
        self.keep_take(job, n, ModelTake(claim.token, sound.is_flagged, sound.is_cached, unit.characters), sound)
        self.advance(job)
        return True, self.bells()

    def completed(self, claim: Unit, output: Output, sound: Sound, speak_ms: int) -> tuple[bool, Bells]:
        unit, job = self._owned(claim.ref, claim.token), self.jobs.get(claim.job_id)
        if unit is None or job is None:
            return job is not None and job.final_token == claim.token, self.bells()
        self._done(unit)
        if job.phase is Phase.WHOLE:
            self.keep_take(job, 0, ModelTake(claim.token, sound.is_flagged, sound.is_cached, unit.characters), sound)
        job.final_token = claim.token
        self.stats["audio_ms"] += round(output.duration_seconds * 1000)
        self.stats["speak_ms"] += speak_ms
        self.close(job, Status.COMPLETED)
        return True, self.bells()

    def failed(self, claim: Unit, error: JobError) -> tuple[str, Bells]:
        unit, job = self._owned(claim.ref, claim.token), self.jobs.get(claim.job_id)
        if unit is None or job is None:
            return "lost", self.bells()
        self.unlease(unit, "failed")
        unit.place = Place.STOPPED
        if self.ended_by_its_last_lease(job) or job.status is Status.CANCELLING:
            self.drop(unit)
            return "lost", self.bells()
        unit.tries += error.retryable
        if error.retryable and unit.tries < self.policy.max_tries:
            self.queue_again(job, unit)
            return "again", self.bells()
        self.give_up(unit, error.code)
        return "failed", self.bells()

    def released(self, claim: Unit) -> tuple[bool, Bells]:
        unit = self._owned(claim.ref, claim.token)
        if unit:
            self.give_back(unit)
        return unit is not None, self.bells()

    def crashed(self, claims: Sequence[Unit]) -> tuple[bool, Bells]:
        units = [unit for claim in claims if (unit := self._owned(claim.ref, claim.token))]
        if units:
            self.crash(units)
        return bool(units), self.bells()

    def _owned(self, ref: str, token: int) -> ModelUnit | None:
        """The unit, if its present lease has this token."""
        job_id, _, name = ref.rpartition("/")
        unit = self.jobs[job_id].units.get(name) if job_id in self.jobs else None
        return unit if unit and unit.lease and unit.lease.token == token else None

    def _done(self, unit: ModelUnit) -> None:
        self.unlease(unit, "done")
        unit.place = Place.DONE
        unit.forget_charges()
