"""The verbs that clients cause, as the scripts must do them."""

from speechmill.job import TERMINAL, Phase, Status
from speechmill.store.verbs import Submission
from tests.contract.store.state_machine.model.books import Books
from tests.contract.store.state_machine.model.jobs import ModelJob
from tests.contract.store.state_machine.model.mill import ALL, Bells

SAME_MS = 600_000
"""So long an SDK's retry attaches to the job of the same body."""


class ClientVerbs(Books):

    def submit(self, asked: Submission) -> tuple[str, str, Bells]:
        """Accept a job, once, or say which one this request is a repetition of."""
        if asked.job_id in self.jobs:
            self.ring(_first_queue(asked), ALL)
            return "created", asked.job_id, self.bells()
        key = (asked.tenant, asked.route, asked.idempotency_key)
        other, fingerprint, _ = self.keys.get(key, ("", "", 0))
        if asked.idempotency_key and other in self.jobs and not self.jobs[other].abandoned:
            if fingerprint != asked.fingerprint:
                return "reused", other, {}
            return self._join("replayed", other, asked.waiter)
        body = (asked.tenant, asked.route, asked.fingerprint)
        like = self.jobs.get(self.same.get(body, ("", 0))[0])
        if asked.attach and not asked.idempotency_key and like and like.status in (
                Status.QUEUED, Status.IN_PROGRESS, Status.COMPLETED):
            return self._join("attached", like.id, asked.waiter)
        alike = ModelJob.accepted(asked, 0, 0)
        if self._has_queued(alike, asked.queue_limit):
            return "full", "", {}
        if asked.idempotency_key:
            self.keys[key] = (asked.job_id, asked.fingerprint, self.now_ms + asked.idempotency_s * 1000)
        self.same[body] = (asked.job_id, self.now_ms + SAME_MS)
        self._accept(asked)
        return "created", asked.job_id, self.bells()

    def _accept(self, asked: Submission) -> None:
        self.orders += 1
        job = self.jobs[asked.job_id] = ModelJob.accepted(asked, self.orders, self.now_ms)
        self.stats["jobs:accepted"] += 1
        self.enqueue_what_waits(job)
        job.version = 0
        self.record(job, "queued")

    def _has_queued(self, like: ModelJob, n: int) -> bool:
        """Whether so many jobs of this kind wait already, of the same tenant."""
        wanted = (like.tenant, Status.QUEUED, like.kind)
        return n <= sum((job.tenant, job.status, job.kind) == wanted for job in self.jobs.values())

    def _join(self, outcome: str, job_id: str, waiter: str) -> tuple[str, str, Bells]:
        job = self.jobs[job_id]
        if not waiter:
            job.waiters = None
        elif job.waiters:
            job.waiters.add(waiter)
        return outcome, job_id, {}

    def cancel(self, job_id: str, tenant: str, waiter: str = "") -> tuple[str, Bells]:
        job = self.jobs.get(job_id)
        if job is None or job.tenant != tenant or job.book:
            return "missing", {}
        if waiter:
            if not job.waiters or waiter not in job.waiters:
                return "attached", {}
            job.waiters.remove(waiter)
            if job.waiters:
                return "attached", {}
        if job.status is Status.CANCELLING:
            return "done", {}
        if job.status in TERMINAL:
            return "ended", {}
        job.abandoned = job.abandoned or bool(waiter)
        self.stop(job)
        return "done", self.bells()

    def retry(self, job_id: str, tenant: str, queue_limit: int = 1000) -> tuple[str, Bells]:
        """Queue what failed of a failed job, and only that."""
        job = self.jobs.get(job_id)
        if job is None or job.tenant != tenant or job.book:
            return "missing", {}
        if job.status is not Status.FAILED or job.expires_ms is None:
            return "not_failed", {}
        if job.expires_ms <= self.now_ms:
            return "expired", {}
        if self._has_queued(job, queue_limit):
            return "full", {}
        self.again(job)
        return "done", self.bells()

    def delete(self, job_id: str, tenant: str) -> str:
        job = self.jobs.get(job_id)
        if job is None or job.tenant != tenant or job.book:
            return "missing"
        if job.status not in TERMINAL:
            return "not_ended"
        self.forget(job)
        return "done"


def _first_queue(asked: Submission) -> str:
    if asked.phase is Phase.PLAN:
        return f"cpu:{asked.spec.klass.value}"
    return f"speech:{asked.spec.model}:{asked.spec.klass.value}"
