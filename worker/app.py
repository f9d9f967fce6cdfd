"""One worker process from start to end: open, warm up, listen for doorbells, drain, leave."""

import logging
import socket
import threading
import time
import warnings
from collections.abc import Callable
from contextlib import suppress
from functools import partial

from celery.exceptions import SecurityWarning
from celery.signals import worker_shutting_down

from speechmill.blobs.choose import open_blobs
from speechmill.blobs.counted import CountedBlobs
from speechmill.errors import StoreUnavailable, VoiceFailed
from speechmill.lookup import Lookup
from speechmill.settings import Settings
from speechmill.store import verbs
from speechmill.store.client import Store
from speechmill.tasks import DELIVERY_QUEUE, celery_app
from speechmill.trace.choose import open_tracer
from worker.align.choose import open_aligner
from worker.deliver import Courier, usual_trust
from worker.figures import Figures
from worker.health import ready_file
from worker.incidents import Incidents
from worker.leftovers import clear_scratch
from worker.reaper.reaper import start_reaper
from worker.station import Station
from worker.sweeper import start_sweeper
from worker.tasks import register
from worker.voices.choose import open_voice

log = logging.getLogger(__name__)

STOPPING_S = 0.3
"""A thread that can stop does so within this time."""

EVENT_BEAT_S = 10
"""Celery's own heartbeat says nothing to us; but without it a worker never sends events, and Flower would see no task."""


def run(role: str, settings: Settings) -> int:
    """Run a worker of `role` (speech or cpu) until it is told to stop; returns the exit status."""
    station = _open(role, settings)
    clear_scratch(station.scratch.folder)
    # A container that is started again may have the same process id, and the scratch folder of before.
    ready_file(settings).unlink(missing_ok=True)
    _wait_for_store(station)
    station.leases.start()
    try:
        _warm_up(station)
        start_sweeper(station)
        if role == "cpu":
            start_reaper(station)
        _listen(station)
    except VoiceFailed as error:
        log.critical("this worker cannot speak: %s", error.message)
        return 1
    finally:
        _leave(station)
    return 1 if station.broken else 0


def _open(role: str, settings: Settings) -> Station:
    figures = Figures()
    blobs = CountedBlobs(open_blobs(settings), figures.storage_failed)
    station = Station(role, settings, celery_app(settings.redis.url), Store.open(settings), blobs, figures=figures,
                      tracer=open_tracer(role))
    if role == "speech":
        station.voice = open_voice(settings, Incidents(station))
    else:
        station.courier = Courier(settings.webhooks, Lookup(), usual_trust())
    return station


def _wait_for_store(station: Station) -> None:
    """Compose files start everything at once: Redis may come last."""
    _when_redis_takes_it(lambda: station.store.run(verbs.beat(station.worker, (), 0)))


def _when_redis_takes_it(write: Callable[[], object]) -> None:
    told = False
    while True:
        try:
            write()
            return
        except StoreUnavailable as error:
            if not told:
                log.warning("waiting for Redis: %s", error.message)
                told = True
            time.sleep(0.5)


def _warm_up(station: Station) -> None:
    """Nothing is claimed before the voice is as fast as it will ever be."""
    if station.voice:
        log.info("warming up %s", station.settings.worker.voice)
        model = station.voice.warm_up()
        station.aligner = open_aligner(station.voice, station.settings.align.model)
        station.model = model.model_copy(update={"word_times": station.aligner is not None})
        _when_redis_takes_it(partial(station.store.publish, station.model))
    station.scratch.try_out()
    # A Redis that is full just now must not cost a warm model.
    _when_redis_takes_it(station.take_units)
    log.info("ready: %s", ", ".join(station.queues.values()))


def _listen(station: Station) -> None:
    """Celery's worker, on the thread pool. Blocks until it has shut down."""
    app = station.app
    register(app, station)
    worker_shutting_down.connect(lambda **_: _drain(station), weak=False)
    queues = [*station.queues.values(), *([DELIVERY_QUEUE] if station.role == "cpu" else [])]
    threads = station.slots + (station.deliveries.total if station.role == "cpu" else 0)
    # Celery warns root of pickled messages; ours are JSON only.
    warnings.filterwarnings("ignore", category=SecurityWarning)
    name = f"{station.role}-{station.worker}@{socket.gethostname()}"
    worker = app.Worker(hostname=name, pool="threads", concurrency=threads, queues=queues,
                        loglevel=station.settings.log.level.upper(), redirect_stdouts=False, without_gossip=True,
                        without_mingle=True, heartbeat_interval=EVENT_BEAT_S, quiet=True)
    worker.start()


def _drain(station: Station) -> None:
    """Stop claiming; let running units finish for the grace, then give them back. Celery waits for their threads."""
    log.info("draining %d units", len(station.leases.held()))
    station.draining.set()
    ready_file(station.settings).unlink(missing_ok=True)
    grace = threading.Timer(station.settings.worker.grace_s, _end_grace, (station,))
    grace.daemon = True
    grace.start()
    station.state = "draining"
    with suppress(StoreUnavailable):
        station.enlist()


def _end_grace(station: Station) -> None:
    """Stop what still runs; what does not stop at once is given back all the same, for its thread may hang in a store that does
    not answer. Whatever that thread commits later comes too late to count."""
    station.leases.stop_all()
    time.sleep(STOPPING_S)
    for lease in station.leases.held():
        station.give_back(lease.unit)


def _leave(station: Station) -> None:
    station.draining.set()
    station.wrap_ups.close()
    station.leases.close()
    station.state = "gone"
    with suppress(StoreUnavailable):
        station.enlist()
    if station.voice:
        station.voice.close()
    if station.aligner:
        station.aligner.close()
    station.store.close()
    station.tracer.close()

