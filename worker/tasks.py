"""The two Celery tasks. Each answers a doorbell: it works until nothing is left that this thread may do, then goes."""

import logging
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import AbstractContextManager, ExitStack, contextmanager, suppress
from functools import partial

from celery import Celery

from speechmill import tasks
from speechmill.errors import (
    BlobMissing,
    BlobsUnavailable,
    InvalidRequest,
    SpeechError,
    SpeechmillError,
    StoreUnavailable,
    VoiceFailed,
    VoiceUnavailable,
)
from speechmill.job import JobClass, JobError, Kind, Phase, Unit
from speechmill.log import about
from speechmill.store import verbs
from speechmill.tasks import Queue
from speechmill.trace.seam import Span
from worker import outbox
from worker.batch.feed import feed
from worker.batch.finish import finish as finish_batch
from worker.batch.validate import validate
from worker.book.bind import bind
from worker.book.divide import divide
from worker.book.join_chapter import join_chapter
from worker.book.plan_chapter import plan_chapter
from worker.finish import finish
from worker.leases import Lease, Stopped
from worker.plan import plan
from worker.speak import speak_segment, speak_whole
from worker.station import Claimed, Station
from worker.voice_making.examine import examine
from worker.voice_making.speak import speak_voice

log = logging.getLogger(__name__)

STEPS: Mapping[tuple[Kind, Phase], Callable[[Station, Lease], Callable[[], None] | None]] = {
    ("speech", Phase.WHOLE): speak_whole,
    ("speech", Phase.PLAN): plan, ("speech", Phase.SPEAK): speak_segment, ("speech", Phase.FINISH): finish,
    ("voice", Phase.PLAN): examine, ("voice", Phase.WHOLE): speak_voice,
    ("book", Phase.PLAN): divide, ("book", Phase.FINISH): bind,
    ("batch", Phase.PLAN): validate, ("batch", Phase.FEED): feed, ("batch", Phase.FINISH): finish_batch,
    ("chapter", Phase.PLAN): plan_chapter, ("chapter", Phase.SPEAK): speak_segment, ("chapter", Phase.FINISH): join_chapter,
}
"""A step that speaks gives what is left to do when its sound is there, which takes no slot."""


def register(app: Celery, station: Station) -> None:
    """Give Celery its tasks, bound to this process's station."""

    @app.task(name=tasks.WORK)
    def work_task(queue: str) -> None:
        work(station, Queue.parse(queue).klass)

    @app.task(name=tasks.DELIVER)
    def deliver_task(_queue: str) -> None:
        outbox.deliver_due(station)


def work(station: Station, klass: JobClass) -> None:
    """Do units until there are none. Interactive units come first, whatever the bell was for."""
    permits, do_next = ((station.interactive, _do_interactive) if klass is JobClass.INTERACTIVE else (station.batch, _do_any))
    look_again = True
    while look_again and permits.take():
        try:
            while not station.draining.is_set() and not permits.wanted_alone and do_next(station):
                pass
        finally:
            look_again = permits.give_back() and not station.draining.is_set()


def _do_interactive(station: Station) -> bool:
    claimed = station.claim(JobClass.INTERACTIVE)
    if claimed:
        do(station, claimed)
    return claimed is not None


def _do_any(station: Station) -> bool:
    """One unit under a batch permit, or a group of suspects: interactive before suspect before batch."""
    with station.suspects.maybe() as may_suspect:
        suspect = (JobClass.SUSPECT,) if may_suspect else ()
        claimed = station.claim(JobClass.INTERACTIVE, *suspect, JobClass.BATCH)
        if claimed and _is_suspect(claimed.unit):
            _do_group(station, claimed)
            return True
    if claimed:
        do(station, claimed)
    return claimed is not None


def _do_group(station: Station, claimed: Claimed) -> None:
    """All suspects of a claim, at the same time. Their leases are looked after while they wait for others to leave."""
    first = claimed.unit
    members = [(Claimed(first, claimed.bells), threading.Event())]
    members += [(Claimed(unit, ()), threading.Event()) for unit in first.company]
    with ThreadPoolExecutor(len(members), thread_name_prefix="suspect") as threads:
        running = [threads.submit(do, station, member, may_begin) for member, may_begin in members]
        with _without_others(station, is_single=len(members) == 1):
            for _, may_begin in members:
                may_begin.set()
            wait(running)


@contextmanager
def _without_others(station: Station, *, is_single: bool) -> Iterator[None]:
    """Inside, this worker has no batch unit under way; beside a single suspect it has none at all, so that a crash is its own."""
    with ExitStack() as held:
        held.enter_context(station.batch.alone())
        if is_single:
            held.enter_context(station.interactive.alone(own=0))
        station.wrap_ups.wait_for_those_under_way()
        yield


def do(station: Station, claimed: Claimed, may_begin: threading.Event | None = None) -> None:
    """Work on one unit until it is committed, failed or given back, or until its sound is there and its wrap-up begins."""
    unit = claimed.unit
    with _about(unit), ExitStack() as held:
        span = held.enter_context(_span(station, unit))
        lease = held.enter_context(station.leases.holding(unit, span))
        station.ring(claimed.bells)
        with _ended(station, lease):
            if may_begin:
                with lease.interrupting(may_begin.set):
                    may_begin.wait()
                lease.check()
            rest = STEPS[unit.kind, unit.phase](station, lease)
            if rest is not None and not _is_suspect(unit) and station.wrap_ups.take_place():
                station.wrap_ups.begin(partial(_wrap_up, station, lease, rest, held.pop_all()))
                return
            if rest is not None:
                rest()
            _tell_done(lease)


def _wrap_up(station: Station, lease: Lease, rest: Callable[[], None], held: ExitStack) -> None:
    """`rest`, on a thread of its own, inside whatever `held` has entered."""
    with _about(lease.unit), held, _ended(station, lease):
        rest()
        _tell_done(lease)


def _about(unit: Unit) -> AbstractContextManager[None]:
    return about(job_id=unit.job_id, unit=unit.ref, attempt=unit.attempt, request_id=unit.request_id)


def _span(station: Station, unit: Unit) -> Span:
    """Of this attempt, linked to the one before it, which nobody may have seen the end of."""
    return station.tracer.span(
        unit.phase.value, "consumer", unit.traceparent, key=f"{unit.ref}/{unit.attempt}",
        after=f"{unit.ref}/{unit.attempt - 1}" if unit.attempt > 1 else "",
        job_id=unit.job_id, unit=unit.ref, attempt=unit.attempt, queue=unit.queue, characters=unit.characters,
        since_accepted_ms=unit.claimed_ms - unit.queued_ms)


def _tell_done(lease: Lease) -> None:
    lease.span.tell(outcome="done")
    log.info("done: %s of %d characters in %.0f ms", lease.unit.phase, lease.unit.characters,
             1000 * (time.monotonic() - lease.begun))


@contextmanager
def _ended(station: Station, lease: Lease) -> Iterator[None]:
    """Inside, whatever is raised ends the unit: it fails, or is given back."""
    try:
        yield
    except Stopped:
        log.info("stopped")
        lease.span.tell(outcome="stopped")
        station.give_back(lease.unit)
    except BlobMissing as error:
        log.error("data of this job is gone from storage: %s", error.message)
        _fail(station, lease, VoiceFailed("Data of this job is gone from storage."))
    except (BlobsUnavailable, StoreUnavailable, VoiceUnavailable, OSError) as error:
        log.warning("giving back, uncharged: %s", error)
        lease.span.tell(outcome="returned")
        _pause(lease, 1.0)
        station.give_back(lease.unit)
    except (SpeechError, InvalidRequest) as error:
        _fail(station, lease, error)
    except Exception as error:
        log.exception("unit failed unexpectedly")
        _fail(station, lease, error)


def _is_suspect(unit: Unit) -> bool:
    return Queue.parse(unit.queue).klass is JobClass.SUSPECT


def _pause(lease: Lease, seconds: float) -> None:
    """Not at once, or the same unit would go round and round while something is broken."""
    with suppress(Stopped):
        lease.wait(seconds)


def _fail(station: Station, lease: Lease, error: Exception) -> None:
    if isinstance(error, SpeechmillError):
        told = JobError(code=error.public_code, message=error.message, param=error.param, type=error.type,
                        retryable=error.retryable)
    else:
        told = JobError(code="internal_error", message=f"An unexpected {type(error).__name__} in the worker.",
                        retryable=True)
    lease.span.fail(told.code)
    if told.retryable:
        _pause(lease, min(0.25 * 2 ** lease.unit.attempt, 8.0))
    try:
        outcome, bells = station.commit(lease, verbs.failed(lease.unit, told))
    except Stopped:
        return
    log.warning("unit failed (%s): %s", outcome, told.message)
    station.ring(bells)
