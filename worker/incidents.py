"""What the worker does when the process behind its voice dies: one CRASHED for all that was in flight, and on it goes.

The units are suspects then: they run again in halves, here or elsewhere, until the one that kills is alone; after `max_crashes`
alone it fails (docs/architecture.md, "Suspects").
"""

import logging
import os
import signal
import time
from collections.abc import Sequence

from speechmill.errors import StoreUnavailable
from speechmill.job import Unit
from speechmill.store import verbs
from worker.station import Station
from worker.voices.seam import Speech

log = logging.getLogger(__name__)

_PAUSE_S = 0.5


class Incidents:
    """The worker's Watcher (worker/voices/seam.py)."""

    def __init__(self, station: Station) -> None:
        self._station = station

    def died(self, speeches: Sequence[Speech]) -> None:
        leases = [lease for speech in speeches if (lease := self._station.lease_of(speech))]
        self._station.figures.count("voice_deaths")
        log.error("the voice died; suspects are %s", ", ".join(lease.unit.ref for lease in leases) or "none")
        # First the record, then the threads: a thread that stops gives its unit back, and that would be uncharged.
        bells = self._crashed([lease.unit for lease in leases])
        for lease in leases:
            lease.stop()
        self._station.ring(bells)

    def broken(self, reason: str) -> None:
        """The units go back uncharged, and the process ends as it does when it is told to."""
        log.critical("the voice cannot be restarted, and so this worker ends: %s", reason)
        self._station.broken = reason
        self._station.draining.set()
        self._station.leases.stop_all()
        os.kill(os.getpid(), signal.SIGTERM)

    def _crashed(self, units: Sequence[Unit]) -> verbs.Bells:
        """Waits for Redis where it is away. The leases are held meanwhile: nobody else works on these units."""
        while units and self._station.state != "gone":
            try:
                return self._station.store.run(verbs.crashed(units)).bells
            except StoreUnavailable as error:
                log.warning("holding a crash until Redis is back: %s", error.message)
                time.sleep(_PAUSE_S)
        return ()
