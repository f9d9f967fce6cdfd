"""One worker process from start to end: open, warm up, listen for doorbells, drain, leave."""

import logging
import socket
import threading
import time
import warnings
from contextlib import suppress

from celery.exceptions import SecurityWarning
from celery.signals import worker_shutting_down

from speechmill.blobs.choose import open_blobs
from speechmill.errors import StoreUnavailable, VoiceFailed
from speechmill.lookup import Lookup
from speechmill.settings import Settings
from speechmill.store import verbs
from speechmill.store.client import Store
from speechmill.tasks import DELIVERY_QUEUE, celery_app
from worker.deliver import Courier, usual_trust
from worker.incidents import Incidents
from worker.scratch import clear_scratch
from worker.station import Station
from worker.sweeper import start_sweeper
from worker.tasks import register
from worker.voices.choose import open_voice

log = logging.getLogger(__name__)


def run(role: str, settings: Settings) -> int:
    """Run a worker of `role` (speech or cpu) until it is told to stop; returns the exit status."""
    station = _open(role, settings)
    clear_scratch(station.scratch)
    _wait_for_store(station)
    station.leases.start()
    try:
        _warm_up(station)
        start_sweeper(station)
        _listen(station)
    except VoiceFailed as error:
        log.critical("this worker cannot speak: %s", error.message)
        return 1
    finally:
        _leave(station)
    return 1 if station.broken else 0


def _open(role: str, settings: Settings) -> Station:
    station = Station(role, settings, celery_app(settings.redis.url), Store.open(settings), open_blobs(settings))
    if role == "speech":
        station.voice = open_voice(settings, Incidents(station))
    else:
        station.courier = Courier(settings.webhooks, Lookup(), usual_trust())
    return station


def _wait_for_store(station: Station) -> None:
    """Compose files start everything at once: Redis may come last."""
    told = False
    while True:
        try:
            station.store.run(verbs.beat(station.worker, (), 0))
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
        station.model = station.voice.warm_up()
        station.store.publish(station.model)
    station.state = "ready"
    station.enlist()
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
                        without_mingle=True, without_heartbeat=True, quiet=True)
    worker.start()


def _drain(station: Station) -> None:
    """Stop claiming; let running units finish for the grace, then give them back. Celery waits for their threads."""
    log.info("draining %d units", len(station.leases.held()))
    station.draining.set()
    grace = threading.Timer(station.settings.worker.grace_s, station.leases.stop_all)
    grace.daemon = True
    grace.start()
    station.state = "draining"
    with suppress(StoreUnavailable):
        station.enlist()


def _leave(station: Station) -> None:
    station.draining.set()
    station.wrap_ups.close()
    station.leases.close()
    station.state = "gone"
    with suppress(StoreUnavailable):
        station.enlist()
    if station.voice:
        station.voice.close()
    station.store.close()

