"""The walk through all objects in storage, a page at a time: which of them does nobody need any more?

An object's age in the store and what Redis knows decide together. What belongs to a job goes when no record names it; what
is shared goes when it has not been used for long (speechmill/blobs/keeping.py). Objects that are not ours are left alone.
"""

import logging
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TypeVar

from speechmill.blobs.seam import ROOT, Belonging, Blobs, Listed, belonging
from speechmill.store import reaping
from speechmill.store.client import Store
from speechmill.store.reaping import Unused
from worker.reaper.deleted import Tally
from worker.reaper.terms import Terms

log = logging.getLogger(__name__)

T = TypeVar("T")

ASKED_AT_ONCE = 200
"""Objects that one script looks at: it holds up Redis for less than a millisecond."""


@dataclass(frozen=True)
class Found:
    """An object of a page, and what it is."""

    object: Listed
    whose: Belonging


@dataclass(frozen=True)
class Walk:
    """`until`: on the clock of time.monotonic; nothing is deleted later, for by then another worker may be at it."""

    store: Store
    blobs: Blobs
    terms: Terms
    until: float

    def look_at_a_page(self, after: str, tally: Tally) -> str:
        """Delete what may go among the objects behind `after`; returns where the next page begins, "" at the end of all.
        Raises BlobsUnavailable, StoreUnavailable."""
        page = self.blobs.page(ROOT, after, self.terms.page_objects)
        found = list(_known(page.objects))
        doomed = {*self._orphans(found), *self._unused(found)}
        if doomed and time.monotonic() > self.until:
            log.warning("this turn has taken too long to delete anything; others will")
            return after
        # Not one by one: S3 deletes a thousand with one request.
        self.blobs.delete_all(sorted(doomed))
        for each in found:
            if each.object.key in doomed:
                tally.add(each.whose.kind, 1, each.object.bytes)
        return page.after

    def drop_unfinished(self, tally: Tally) -> None:
        """Uploads that nobody finished. Raises BlobsUnavailable."""
        n_dropped = self.blobs.drop_unfinished(self.terms.orphans_s)
        if n_dropped:
            tally.add("uploads", n_dropped, 0)

    def _orphans(self, found: list[Found]) -> Iterator[str]:
        """Large inputs whose SUBMIT failed, and what attempts made that never committed."""
        old = [(each.whose.job_id, each.object.key) for each in found
               if each.whose.job_id and each.object.age_s > self.terms.orphans_s]
        for part in _parts(old):
            yield from self.store.run(reaping.unnamed(part))

    def _unused(self, found: list[Found]) -> Iterator[str]:
        """Segments and voices."""
        for kind, keeping in self.terms.shared.items():
            old = [Unused(each.whose.tenant, kind, round(each.object.age_s * 1000), each.object.key)
                   for each in found if each.whose.kind == kind and each.object.age_s > keeping.gone_s]
            for part in _parts(old):
                yield from self.store.run(reaping.condemn(part, slack_ms=round(keeping.refresh_s * 1000),
                                                          life_ms=round(self.terms.lease_s * 1000)))


def _known(objects: Sequence[Listed]) -> Iterator[Found]:
    for listed in objects:
        if whose := belonging(listed.key):
            yield Found(listed, whose)


def _parts(items: list[T]) -> Iterator[list[T]]:
    for first in range(0, len(items), ASKED_AT_ONCE):
        yield items[first:first + ASKED_AT_ONCE]
