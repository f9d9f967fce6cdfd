"""The tenants' own lexicons, as this process has read them."""

from collections import OrderedDict
from threading import Lock

from speechmill.errors import LexiconMissing
from speechmill.job import Unit
from speechmill.lexicon.entry import Entry
from speechmill.lexicon.kept import DEFAULT
from speechmill.lexicon.parse import parse_lexicon
from speechmill.request import SpeechSpec
from speechmill.store import lexicons
from speechmill.store.client import Store
from worker.text.lexicon.lexicon import Lexicon

_MOST_ENTRIES = 200_000
"""That are held at a time, some fifty megabytes."""


class Lexicons:
    """Thread-safe. A lexicon is known by what is in it, so one that was changed is read anew."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._lock = Lock()
        self._read: OrderedDict[tuple[str, ...], Lexicon] = OrderedDict()

    def of(self, unit: Unit, spec: SpeechSpec) -> Lexicon:
        """Those that the request named, later ones before earlier ones; without any, the tenant's default. As they were when the
        unit was claimed, or newer. Raises LexiconMissing, StoreUnavailable."""
        names = _names(unit, spec)
        if not names:
            return Lexicon()
        known = self._known(tuple(unit.lexicons[name] for name in names))
        if known is not None:
            return known
        try:
            found = [self._fetched(unit.tenant, name) for name in names]
        except LexiconMissing:
            if spec.lexicon_ids is None:  # the default one was deleted just now; nobody asked for it
                return Lexicon()
            raise
        lexicon = Lexicon(entry for _, entries in found for entry in entries)
        # Under what was read: it may have changed since the claim.
        self._keep(tuple(sha256 for sha256, _ in found), lexicon)
        return lexicon

    def _known(self, contents: tuple[str, ...]) -> Lexicon | None:
        with self._lock:
            if contents in self._read:
                self._read.move_to_end(contents)
            return self._read.get(contents)

    def _keep(self, contents: tuple[str, ...], lexicon: Lexicon) -> None:
        with self._lock:
            self._read[contents] = lexicon
            while len(self._read) > 1 and sum(len(each.entries) for each in self._read.values()) > _MOST_ENTRIES:
                self._read.popitem(last=False)

    def _fetched(self, tenant: str, name: str) -> tuple[str, tuple[Entry, ...]]:
        found = self._store.run(lexicons.lexicon(tenant, name))
        if found is None:
            raise _missing(name)
        known, content = found
        return known.sha256, parse_lexicon(content)


def _names(unit: Unit, spec: SpeechSpec) -> tuple[str, ...]:
    """Raises LexiconMissing where one is there no more."""
    if spec.lexicon_ids is None:
        return (DEFAULT,) if DEFAULT in unit.lexicons else ()
    for name in spec.lexicon_ids:
        if name not in unit.lexicons:
            raise _missing(name)
    return spec.lexicon_ids


def _missing(name: str) -> LexiconMissing:
    return LexiconMissing(f"There is no lexicon {name!r} any more; put it back, or leave it out.", param="lexicon_ids")
