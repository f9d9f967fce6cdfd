"""The sweep: expired leases, deadlines, lost workers and unheard doorbells. Every worker runs it; Redis lets one at a time."""

import logging
import threading
import time

from speechmill.errors import StoreUnavailable
from speechmill.store import verbs
from worker.leftovers import clear_scratch
from worker.station import Station

log = logging.getLogger(__name__)

CLEAR_EVERY_S = 3600.0
"""Workers that live for months look after what others of their host, killed and not started again, have left behind."""


def start_sweeper(station: Station) -> threading.Thread:
    thread = threading.Thread(target=_sweep_forever, args=(station,), name="sweeper", daemon=True)
    thread.start()
    return thread


def _sweep_forever(station: Station) -> None:
    pause_s = station.settings.worker.sweep_s
    cleared_at = time.monotonic()
    while not station.draining.wait(pause_s):
        try:
            station.scratch.look()
            if time.monotonic() - cleared_at > CLEAR_EVERY_S:
                cleared_at = time.monotonic()
                clear_scratch(station.scratch.folder)
            sweep(station, round(pause_s * 900))
        except StoreUnavailable:
            pass  # The heartbeat says it.
        except Exception:
            log.exception("sweep failed")


def sweep(station: Station, pause_ms: int) -> None:
    swept = station.store.run(verbs.sweep(pause_ms))
    if swept is None:
        return
    if swept.crashed or swept.expired or swept.workers_lost:
        log.warning("swept: %d leases had ended, %d deadlines had passed, %d workers were lost",
                    swept.crashed, swept.expired, swept.workers_lost)
    station.ring(swept.bells)
