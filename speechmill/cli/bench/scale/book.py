"""One job of twenty thousand segments: what its plan does to everybody else, whether its last segment costs what its first did,
how soon another tenant's sentence gets its turn, and what it costs to forget it."""

import statistics
import threading
import time
from collections import deque
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass

import redis

from speechmill.cli.bench.scale.cost import Cost, measure
from speechmill.cli.bench.scale.server import Server
from speechmill.cli.bench.scale.subject import CPU, SPEECH, TAKE, WORKER, Subject, plan, sentence
from speechmill.job import Unit
from speechmill.store import verbs
from speechmill.tasks import KEY_PREFIX


@dataclass(frozen=True)
class Stretch:
    """Segments in the middle of a book, one after the other."""

    first_segment: int
    claim: Cost
    spoken: Cost


@dataclass(frozen=True)
class Book:
    """`plan_redis_ms`: how long PLANNED keeps Redis busy; `stall_ms` / `calm_ms`: the longest PING of another client meanwhile /
    in as long a time without it; all three medians. `claims_before_sentence`: how many units of the book were claimed between
    the sentence and its claim. `plan_bytes`, `take_bytes`: memory a segment, planned and spoken."""

    segments: int
    plan_redis_ms: float
    stall_ms: float
    calm_ms: float
    plan_bytes: float
    take_bytes: float
    claims_before_sentence: int
    stretches: tuple[Stretch, ...]
    completed_redis_ms: float
    delete_redis_ms: float


def measure_book(server: Server, segments: int, calls: int, rounds: int) -> Book:
    server.forget_all()
    with closing(Subject(server)) as subject:
        plans = [_measure_plan(subject, f"earlier-{n}", segments) for n in range(rounds)]
        server.forget_all()
        job_id = subject.plan_book("author", segments)
        plan_bytes = _memory(server, f"index:{job_id}") / segments
        first = _stretch(subject, 0, calls)
        before = _claims_before_sentence(subject)
        _speak_up_to(subject, job_id, segments - calls - 1)
        last = _stretch(subject, segments - calls - 1, calls)  # the very last claim also takes the book out of its queue
        subject.speak(subject.claim())
        take_bytes = _memory(server, f"segments:{job_id}") / segments
        completed, deleted = _end(subject, job_id)
        redis_ms, stall_ms, calm_ms = (statistics.median(figures) for figures in zip(*plans, strict=True))
    return Book(segments, redis_ms, stall_ms, calm_ms, plan_bytes, take_bytes, before, (first, last), completed, deleted)


def _measure_plan(subject: Subject, tenant: str, segments: int) -> tuple[float, float, float]:
    """Milliseconds: in Redis; of the longest PING beside; of the longest without."""
    call = plan(subject.accept_book(tenant), segments)
    costs: list[Cost] = []
    began_s = time.perf_counter()
    stall_s = _longest_ping_s(subject.server, lambda: costs.append(
        measure(subject.server, lambda: subject.store.run(call), 1)))
    took_s = time.perf_counter() - began_s
    calm_s = _longest_ping_s(subject.server, lambda: time.sleep(took_s))
    return costs[0].redis_p50_us / 1000, 1000 * stall_s, 1000 * calm_s


def _longest_ping_s(server: Server, meanwhile: Callable[[], None]) -> float:
    over = threading.Event()
    longest_s = [0.0]

    def ping() -> None:
        with closing(redis.Redis.from_url(server.url)) as client:
            client.ping()  # connects
            while not over.is_set():
                began_s = time.perf_counter()
                client.ping()
                longest_s[0] = max(longest_s[0], time.perf_counter() - began_s)

    pinging = threading.Thread(target=ping)
    pinging.start()
    try:
        time.sleep(0.01)
        meanwhile()
    finally:
        over.set()
        pinging.join()
    return longest_s[0]


def _stretch(subject: Subject, first_segment: int, calls: int) -> Stretch:
    held: deque[Unit] = deque()
    claim = measure(subject.server, lambda: held.append(subject.claim()), calls)
    assert held[0].segment == first_segment
    return Stretch(first_segment, claim, measure(subject.server, lambda: subject.speak(held.popleft()), calls))


def _claims_before_sentence(subject: Subject) -> int:
    """The book's units that were claimed before the sentence are given back."""
    job = sentence("somebody else")
    subject.store.run(verbs.submit(job))
    before = []
    while (unit := subject.claim()).job_id != job.job_id:
        before.append(unit)
    subject.complete(unit)
    for unit in before:
        subject.store.run(verbs.released(unit))
    return len(before)


def _speak_up_to(subject: Subject, job_id: str, segment: int) -> None:
    """Claim and speak until that segment is the next."""
    def cursor() -> int:
        return int(subject.server.admin.hget(f"{KEY_PREFIX}job:{job_id}", "cursor") or 0)

    while (n := min(500, segment - cursor())) > 0:
        units = [claimed[0] for claimed in subject.run_all([verbs.claim(WORKER, SPEECH)] * n) if claimed]
        assert units, "the book ended early"
        subject.run_all([verbs.spoken(unit, TAKE) for unit in units])


def _end(subject: Subject, job_id: str) -> tuple[float, float]:
    """Milliseconds in Redis of COMPLETED and DELETE, once each."""
    claimed = subject.store.run(verbs.claim(WORKER, CPU))
    assert claimed, "the last segment was spoken, and nothing is to be finished"
    completed = measure(subject.server, lambda: subject.complete(claimed[0]), 1)
    deleted = measure(subject.server, lambda: subject.store.run(verbs.delete(job_id, "author")), 1)
    return completed.redis_p50_us / 1000, deleted.redis_p50_us / 1000


def _memory(server: Server, key: str) -> int:
    return int(server.admin.memory_usage(KEY_PREFIX + key, samples=0) or 0)
