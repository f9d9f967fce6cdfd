"""The reaper: deletes what is kept no longer. Every cpu worker has one; Redis gives one at a time a turn.

A turn deletes the results of jobs and the files that are out of date and, when it is due, looks at one page of all objects in
storage. Where that walk has come to is kept in Redis, so that it goes on where the worker died that was at it.
"""

import logging
import threading
import time

from speechmill.blobs.seam import Blobs
from speechmill.errors import BlobsUnavailable, StoreUnavailable
from speechmill.store import reaping
from speechmill.store.client import Store
from speechmill.store.reaping import Outcome, Turn, Wait
from worker.reaper.deleted import Tally
from worker.reaper.files import reap_files
from worker.reaper.results import reap_results
from worker.reaper.terms import Terms
from worker.reaper.walk import Walk
from worker.station import Station

log = logging.getLogger(__name__)

IDLE_S = 1.0
"""Between two turns of which nothing else says how far apart they must be."""
AWAY_S = 10.0
"""After storage did not do what it was asked to."""
LONGEST_WAIT_S = 5.0
"""A worker looks at least so often whether it is its turn, for the one that has it may die."""


def start_reaper(station: Station) -> threading.Thread:
    reaper = Reaper(station.store, station.blobs, Terms.of(station.settings.retention))
    thread = threading.Thread(target=_reap_forever, args=(reaper, station.draining), name="reaper", daemon=True)
    thread.start()
    return thread


def _reap_forever(reaper: "Reaper", draining: threading.Event) -> None:
    wait_s = IDLE_S
    while not draining.wait(wait_s):
        try:
            wait_s = min(reaper.take_turn(), LONGEST_WAIT_S)
        except StoreUnavailable:
            wait_s = IDLE_S  # The heartbeat says it.
        except Exception:
            log.exception("reaping failed")
            wait_s = AWAY_S


class Reaper:
    def __init__(self, store: Store, blobs: Blobs, terms: Terms) -> None:
        self._store = store
        self._blobs = blobs
        self._terms = terms

    def take_turn(self) -> float:
        """Do what is due, unless somebody else is at it; returns seconds until there may be more. Raises StoreUnavailable."""
        turn = self._store.run(reaping.turn(round(self._terms.lease_s * 1000)))
        if isinstance(turn, Wait):
            return turn.ms / 1000
        tally, cursor = Tally(), turn.cursor
        outcome: Outcome = "on"
        try:
            reap_results(self._store, self._blobs, tally)
            reap_files(self._store, self._blobs, tally)
            if turn.walk_due:
                cursor = self._walk_on(turn, tally)
                outcome = "on" if cursor else "round"
        except BlobsUnavailable as error:
            log.warning("cannot delete what is kept no longer: %s", error.message)
            outcome = "broken"
        pause_s = self._pause_s(turn, outcome, tally)
        self._store.run(reaping.turned(turn, outcome, cursor, pause_ms=round(pause_s * 1000),
                                       round_ms=round(self._terms.round_s * 1000), deleted=tally.by_kind))
        if tally.n_objects:
            log.info("deleted %d objects that are kept no longer: %s", tally.n_objects, tally)
        return pause_s

    def _walk_on(self, turn: Turn, tally: Tally) -> str:
        walk = Walk(self._store, self._blobs, self._terms, until=time.monotonic() + self._terms.lease_s / 2)
        if not turn.cursor:
            walk.drop_unfinished(tally)
        return walk.look_at_a_page(turn.cursor, tally)

    def _pause_s(self, turn: Turn, outcome: Outcome, tally: Tally) -> float:
        """No more than so many listings and deletions a minute, over all workers."""
        if outcome == "broken":
            return AWAY_S
        listing_s = 60 / self._terms.lists_a_minute if turn.walk_due else IDLE_S
        return max(listing_s, 60 * tally.n_objects / self._terms.deletes_a_minute)
