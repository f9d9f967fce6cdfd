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

_KEPT = 32
"""How many are held at a time; a large one takes some megabytes."""


class Lexicons:
    """Thread-safe. A lexicon is known by what is in it, so one that was changed is read anew."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._lock = Lock()
        self._read: OrderedDict[tuple[str, ...], Lexicon] = OrderedDict()

    def of(self, unit: Unit, spec: SpeechSpec) -> Lexicon:
        """Those that the request named, later ones before earlier ones; without any, the tenant's default. As they were when the
        unit was claimed, or newer. Raises LexiconMissing, StoreUnavailable."""
        names = spec.lexicon_ids if spec.lexicon_ids is not None else [name for name in (DEFAULT,) if name in unit.lexicons]
        if not names:
            return Lexicon()
        for name in names:
            if name not in unit.lexicons:
                raise LexiconMissing(f"There is no lexicon {name!r} any more; put it back, or leave it out.", param="lexicon_ids")
        known = tuple(unit.lexicons[name] for name in names)
        with self._lock:
            if known in self._read:
                self._read.move_to_end(known)
                return self._read[known]
        found = [self._fetched(unit.tenant, name) for name in names]
        lexicon = Lexicon(entry for _, entries in found for entry in entries)
        with self._lock:
            # Under what was read: it may have changed since the claim.
            self._read[tuple(sha256 for sha256, _ in found)] = lexicon
            while len(self._read) > _KEPT:
                self._read.popitem(last=False)
        return lexicon

    def _fetched(self, tenant: str, name: str) -> tuple[str, tuple[Entry, ...]]:
        found = self._store.run(lexicons.lexicon(tenant, name))
        if found is None:
            raise LexiconMissing(f"There is no lexicon {name!r} any more; put it back, or leave it out.", param="lexicon_ids")
        known, content = found
        return known.sha256, parse_lexicon(content)
