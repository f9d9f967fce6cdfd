"""The two Celery tasks. Each answers a doorbell: it works until nothing is left that this thread may do, then goes."""

import logging
import time
from contextlib import suppress

from celery import Celery

from speechmill import tasks
from speechmill.errors import BlobsUnavailable, SpeechError, SpeechmillError, StoreUnavailable, Unavailable
from speechmill.job import JobClass, JobError, Phase, Unit
from speechmill.log import about
from speechmill.store import verbs
from speechmill.tasks import Queue
from worker import outbox
from worker.finish import finish
from worker.leases import Lease, Stopped
from worker.plan import plan
from worker.speak import speak_segment, speak_whole
from worker.station import Station

log = logging.getLogger(__name__)

STEPS = {Phase.WHOLE: speak_whole, Phase.PLAN: plan, Phase.SPEAK: speak_segment, Phase.FINISH: finish}


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
    if klass is JobClass.INTERACTIVE:
        while not station.draining.is_set() and (unit := station.claim(JobClass.INTERACTIVE)):
            do(station, unit)
        return
    look_again = True
    while look_again and station.batch.take():
        try:
            while not station.draining.is_set() and _do_next(station):
                pass
        finally:
            look_again = station.batch.give_back() and not station.draining.is_set()


def _do_next(station: Station) -> bool:
    """One unit under a batch permit: interactive before suspect before batch."""
    may_suspect = station.suspects.take()
    try:
        suspect = (JobClass.SUSPECT,) if may_suspect else ()
        unit = station.claim(JobClass.INTERACTIVE, *suspect, JobClass.BATCH)
        if unit and may_suspect and Queue.parse(unit.queue).klass is not JobClass.SUSPECT:
            station.suspects.give_back()
            may_suspect = False
        if unit:
            do(station, unit)
        return unit is not None
    finally:
        if may_suspect:
            station.suspects.give_back()


def do(station: Station, unit: Unit) -> None:
    """Work on one unit to its end: committed, failed or given back."""
    with about(job_id=unit.job_id, unit=unit.ref, attempt=unit.attempt, request_id=unit.request_id), \
            station.leases.holding(unit) as lease:
        begun = time.monotonic()
        try:
            STEPS[unit.phase](station, lease)
            log.info("done: %s of %d characters in %.0f ms", unit.phase, unit.characters, 1000 * (time.monotonic() - begun))
        except Stopped:
            log.info("stopped")
            _give_back(station, unit)
        except (BlobsUnavailable, StoreUnavailable) as error:
            log.warning("giving back, uncharged: %s", error.message)
            # Not at once, or the same unit would go round and round while storage refuses.
            with suppress(Stopped):
                lease.wait(1.0)
            _give_back(station, unit)
        except SpeechError as error:
            _fail(station, lease, error)
        except Exception as error:
            log.exception("unit failed unexpectedly")
            _fail(station, lease, error)


def _fail(station: Station, lease: Lease, error: Exception) -> None:
    if isinstance(error, SpeechmillError):
        told = JobError(code=error.public_code, message=error.message, param=error.param, type=error.type,
                        retryable=error.retryable or isinstance(error, Unavailable))
    else:
        told = JobError(code="internal_error", message=f"An unexpected {type(error).__name__} in the worker.",
                        retryable=True)
    try:
        outcome, bells = station.commit(lease, verbs.failed(lease.unit, told))
    except Stopped:
        return
    log.warning("unit failed (%s): %s", outcome, told.message)
    station.ring(bells)


def _give_back(station: Station, unit: Unit) -> None:
    # Were Redis away, the next beat no longer names the unit, and it goes back then.
    with suppress(StoreUnavailable):
        station.ring(station.store.run(verbs.released(unit)).bells)
