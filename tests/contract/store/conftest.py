"""A job store on a real Redis, and short ways to say what a test is about."""

import itertools
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest
import redis

from speechmill.job import Job, JobClass, JobError, Output, Phase, Unit
from speechmill.request import SpeechSpec, WebhookSpec
from speechmill.store import verbs
from speechmill.store.client import Policy, Store
from speechmill.store.verbs import Place, Submission, Submitted, Verdict
from speechmill.tasks import KEY_PREFIX

ALL = ("speech:tone:interactive", "speech:tone:suspect", "speech:tone:batch", "cpu:interactive", "cpu:suspect", "cpu:batch")
OUTPUT = Output(key="k", bytes=1, sha256="0", content_type="audio/mpeg", duration_seconds=1.5, sample_rate=24_000)


@dataclass
class Mill:
    """The store under test. Every verb goes through real scripts."""

    store: Store
    ids: Iterator[int] = field(default_factory=lambda: itertools.count(1))

    def submit(self, tenant: str = "local", klass: JobClass = JobClass.BATCH, characters: int = 100, phase: Phase = Phase.WHOLE,
               hook: tuple[str, ...] = (), **more: Any) -> Submitted:
        n = next(self.ids)
        webhook = WebhookSpec(url="https://example.com", events=hook) if hook else None
        spec = SpeechSpec(model="tone", voice="low", language="en", klass=klass, webhook=webhook,
                          deadline=more.pop("deadline", None), expires_after=more.pop("expires_after", None))
        given: dict[str, Any] = {"job_id": f"speech_{n:06d}", "tenant": tenant, "spec": spec, "phase": phase, "text": "Hello.",
                                 "characters": characters, "input_key": "", "request_id": f"req_{n}", "fingerprint": f"print{n}"}
        return self.store.run(verbs.submit(Submission(**{**given, **more})))

    def claim(self, *queues: str, worker: str = "w1") -> Unit:
        claimed = self.store.run(verbs.claim(worker, queues or ALL))
        assert claimed, "nothing to claim"
        return claimed[0]

    def nothing_to_claim(self) -> bool:
        return self.store.run(verbs.claim("w1", ALL)) is None

    def plan(self, sizes: list[int], **more: Any) -> str:
        """Submit a long job and plan it into segments of these many characters; returns its id."""
        job_id = self.submit(phase=Phase.PLAN, characters=sum(sizes), **more).job_id
        queue = "cpu:" + more.get("klass", JobClass.BATCH).value
        unit = self.claim(queue)
        assert unit.job_id == job_id
        assert self.store.run(verbs.planned(unit, "plan", [Place(10 * n, 10, size) for n, size in enumerate(sizes)])).committed
        return job_id

    def spoken(self, unit: Unit, **take: Any) -> Verdict:
        return self.store.run(verbs.spoken(unit, {"flags": [], "key": "k", **take}))

    def completed(self, unit: Unit) -> Verdict:
        take = {"flags": [], "key": "k"} if unit.phase is Phase.WHOLE else None
        return self.store.run(verbs.completed(unit, OUTPUT, take=take, speak_ms=10))

    def failed(self, unit: Unit, *, retryable: bool = False) -> str:
        return self.store.run(verbs.failed(unit, JobError(code="voice_failed", message="broke", retryable=retryable)))[0]

    def beat(self, *held: Unit, worker: str = "w1", reply_ms: int = 60_000) -> tuple[str, ...]:
        return self.store.run(verbs.beat(worker, [(unit.ref, unit.token) for unit in held], reply_ms))[1]

    def sweep(self) -> verbs.Swept:
        self.store.redis.delete(KEY_PREFIX + "sweeping")
        swept = self.store.run(verbs.sweep(1000))
        assert swept
        return swept

    def look(self, job_id: str, tenant: str = "local") -> Job:
        job = self.store.run(verbs.look(job_id, tenant))
        assert job
        return job

    def let_leases_end(self, *units: Unit) -> None:
        """As if the lease time had passed with no beat."""
        self.store.redis.zadd(KEY_PREFIX + "leases", {unit.ref: 1 for unit in units})

    def counts(self, name: str) -> dict[str, int]:
        table: Any = self.store.redis.hgetall(KEY_PREFIX + name)
        return {queue: int(n) for queue, n in table.items() if int(n)}


@pytest.fixture
def mill(redis_url: str) -> Iterator[Mill]:
    client = redis.Redis.from_url(redis_url, decode_responses=True)
    yield Mill(Store(client, Policy()))
    client.close()
