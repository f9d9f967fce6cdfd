"""A job store under measurement, and short ways to put work into it and to take it out, all through the real client."""

import asyncio
import itertools
from collections.abc import Sequence
from dataclasses import replace
from typing import Any, TypeVar

import redis
import redis.asyncio

from speechmill.cli.bench.scale.server import Server
from speechmill.ids import new_id
from speechmill.job import JobClass, Output, Phase, Unit
from speechmill.request import SpeechSpec
from speechmill.store import verbs
from speechmill.store.client import AsyncStore, Policy, Store
from speechmill.store.verbs import Call, Place, Submission

T = TypeVar("T")

SPEECH = ("speech:tone:interactive", "speech:tone:suspect", "speech:tone:batch")
"""What a speech worker asks for with each CLAIM."""
CPU = ("cpu:interactive", "cpu:suspect", "cpu:batch")
WORKER = "bench"
TEXT = "Seven words make a sentence of speech."
SEGMENT_CHARACTERS = 250
POLICY = Policy(lease_ms=3_600_000)
"""No lease may end because the machine is slow; that costs Redis nothing more or less."""
IN_ONE_GO = 500

TAKE: dict[str, Any] = {
    "key": "0" * 64, "samples": 480_000, "duration_seconds": 20.0, "flags": [], "attempts": 1, "spoken": 1, "cached": False,
    "speak_ms": 412, "waited_ms": 7}
"""Of the size of a take's record in earnest."""
OUTPUT = Output(key="results/local/" + "0" * 60, bytes=80_000, sha256="0" * 64, content_type="audio/mpeg", duration_seconds=5.0,
                sample_rate=24_000)


def sentence(tenant: str, klass: JobClass = JobClass.BATCH) -> Submission:
    """A job of one unit, never the same as another."""
    job_id = new_id("speech")
    spec = SpeechSpec(model="tone", voice="low", language="en", klass=klass)
    return Submission(job_id=job_id, tenant=tenant, spec=spec, phase=Phase.WHOLE, text=TEXT, characters=len(TEXT), input_key="",
                      request_id=new_id("req"), fingerprint=job_id.removeprefix("speech_") * 2)


class Subject:
    """What waits in it belongs to so many tenants, in turn."""

    def __init__(self, server: Server, n_tenants: int = 1) -> None:
        self.server = server
        self.store = Store(redis.Redis.from_url(server.url, decode_responses=True), POLICY)
        self.tenants = itertools.cycle([f"tenant-{n}" for n in range(n_tenants)])

    def close(self) -> None:
        self.store.close()

    def run_all(self, calls: Sequence[Call[T]]) -> list[T]:
        """Many calls in few round trips."""
        return asyncio.run(_run_all(self.server.url, calls))

    def fill(self, n_jobs: int) -> None:
        """So many sentences more wait."""
        for start in range(0, n_jobs, 10 * IN_ONE_GO):
            n = min(10 * IN_ONE_GO, n_jobs - start)
            self.run_all([verbs.submit(sentence(next(self.tenants))) for _ in range(n)])

    def submit(self) -> None:
        self.store.run(verbs.submit(sentence(next(self.tenants))))

    def claim(self) -> Unit:
        claimed = self.store.run(verbs.claim(WORKER, SPEECH))
        assert claimed, "nothing waits"
        return claimed[0]

    def complete(self, unit: Unit) -> None:
        verdict = self.store.run(verbs.completed(unit, OUTPUT, take=TAKE, speak_ms=412))
        assert verdict.committed, f"{unit.ref} was taken away"

    def speak(self, unit: Unit) -> None:
        assert self.store.run(verbs.spoken(unit, TAKE)).committed, f"{unit.ref} was taken away"

    def accept_book(self, tenant: str) -> Unit:
        """A long job, as far as the unit that plans it."""
        job = replace(sentence(tenant), phase=Phase.PLAN, text="", input_key="inputs/" + "0" * 60, characters=5_000_000)
        self.store.run(verbs.submit(job))
        claimed = self.store.run(verbs.claim(WORKER, CPU))
        assert claimed, "nothing is to be planned"
        return claimed[0]

    def plan_book(self, tenant: str, n_segments: int) -> str:
        """A long job whose segments wait; its id."""
        unit = self.accept_book(tenant)
        assert self.store.run(plan(unit, n_segments)).committed
        return unit.job_id


def plan(unit: Unit, n_segments: int) -> Call[verbs.Verdict]:
    """The end of a unit that plans: so many segments of a usual length."""
    places = [Place(n * SEGMENT_CHARACTERS, SEGMENT_CHARACTERS, SEGMENT_CHARACTERS) for n in range(n_segments)]
    return verbs.planned(unit, "plans/" + "0" * 60, places)


async def _run_all(url: str, calls: Sequence[Call[T]]) -> list[T]:
    store = AsyncStore(redis.asyncio.Redis.from_url(url, decode_responses=True), POLICY)
    try:
        replies: list[T] = []
        for start in range(0, len(calls), IN_ONE_GO):
            replies += await store.run_all(calls[start:start + IN_ONE_GO])
        return replies
    finally:
        await store.close()
