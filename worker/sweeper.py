"""The sweep: expired leases, deadlines, lost workers and unheard doorbells. Every worker runs it; Redis lets one at a time."""

import logging
import threading

from speechmill.blobs.seam import job_prefixes
from speechmill.errors import BlobsUnavailable, StoreUnavailable
from speechmill.store import verbs
from worker.station import Station

log = logging.getLogger(__name__)


def start_sweeper(station: Station) -> threading.Thread:
    thread = threading.Thread(target=_sweep_forever, args=(station,), name="sweeper", daemon=True)
    thread.start()
    return thread


def _sweep_forever(station: Station) -> None:
    pause_s = station.settings.worker.sweep_s
    while not station.draining.wait(pause_s):
        try:
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
    if station.role == "cpu":
        reap(station)


def reap(station: Station) -> None:
    """Delete the objects of jobs whose results are out of date."""
    for job_id, tenant, input_object in station.store.run(verbs.reapable(20)):
        try:
            for prefix in job_prefixes(tenant, job_id):
                station.blobs.delete_prefix(prefix)
            if input_object:
                station.blobs.delete(input_object)
        except BlobsUnavailable as error:
            log.warning("cannot delete old results: %s", error.message)
            return
        station.store.run(verbs.reaped(job_id))
