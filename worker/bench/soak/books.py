"""Who was asked for, and what became of them: each utterance must end exactly once. No torch."""

import threading
from collections import Counter, OrderedDict
from dataclasses import dataclass, field

from worker.bench.soak.mix import Part
from worker.engine.client import EngineClient, StartOptions
from worker.engine.errors import EngineFull
from worker.engine.speaker import Pcm, Speak
from worker.model.config import SAMPLE_RATE_HZ, SAMPLES_PER_FRAME
from worker.model.errors import BadUtterance, EngineError

_CANCELLED_KEPT = 10_000
"""Sound of a cancelled utterance may still be on its way, but not for so many of its successors."""
_WRONG_KEPT = 20

EXPECTED = (BadUtterance, EngineFull)
"""A soak provokes these. Any other error of an utterance is the engine's fault."""


@dataclass
class _Entry:
    """An open utterance, as the engine's process told of it. `least_capped`: see Part."""

    speak: Speak
    least_capped: int
    n_samples: int = 0
    n_ends: int = 0


@dataclass
class Books:
    """`counts` by how they ended: spoken (the end token), capped, cancelled, or an error's name. `wrong` says, for people, what
    doesn't balance: the first of `n_wrong`. Any thread."""

    counts: Counter[str] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)
    n_wrong: int = 0
    n_asked: int = 0
    audio_s: float = 0.0
    _open: dict[int, _Entry] = field(default_factory=dict)
    _cancelled: OrderedDict[int, None] = field(default_factory=OrderedDict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def n_open(self) -> int:
        return len(self._open)

    @property
    def n_ended(self) -> int:
        return self.counts.total()

    def ask(self, part: Part) -> None:
        """Before the engine hears of it."""
        with self._lock:
            self.n_asked += 1
            self._open[part.speak.id] = _Entry(part.speak, part.least_capped)

    def told(self, speak_id: int, n_samples: int, *, ends: bool) -> None:
        """By the engine's process."""
        with self._lock:
            entry = self._open.get(speak_id)
            if entry is None:
                if speak_id not in self._cancelled:
                    self._note(f"utterance {speak_id}: {n_samples} samples came after its end")
                return
            if entry.n_ends and speak_id not in self._cancelled:
                self._note(f"utterance {speak_id}: it ended before")
            entry.n_samples += n_samples
            entry.n_ends += ends

    def cancelled(self, speak_id: int) -> None:
        """Somebody changed their mind, before or after its end; nothing is asked of it any more."""
        with self._lock:
            self._cancelled[speak_id] = None
            if len(self._cancelled) > _CANCELLED_KEPT:
                self._cancelled.popitem(last=False)

    def close_cancelled(self, speak_id: int) -> None:
        with self._lock:
            if self._open.pop(speak_id, None) is not None:  # else it was given up as lost
                self.counts["cancelled"] += 1

    def close_spoken(self, speak_id: int, n_samples: int, *, capped: bool) -> None:
        """Whoever read it has come to its end, after `n_samples`."""
        with self._lock:
            entry = self._close_ended(speak_id, "capped" if capped else "spoken")
            if entry is None:
                return
            self.audio_s += n_samples / SAMPLE_RATE_HZ
            n_frames, rest = divmod(n_samples, SAMPLES_PER_FRAME)
            most = entry.speak.sampling.max_frames
            if n_samples != entry.n_samples:
                self._note(f"utterance {speak_id}: {n_samples} samples were read, {entry.n_samples} sent")
            if rest or not 1 <= n_frames <= most or (capped and n_frames < entry.least_capped):
                self._note(f"utterance {speak_id}: {n_samples} samples, with a cap of {most} frames ({capped=})")

    def close_failed(self, speak_id: int, error: EngineError) -> None:
        with self._lock:
            entry = self._close_ended(speak_id, type(error).__name__)
            if entry and not isinstance(error, EXPECTED):
                self._note(f"utterance {speak_id}: {error.message}")

    def close_lost(self) -> None:
        """Those still open are given up: they will never end, or too late."""
        with self._lock:
            for speak_id, entry in self._open.items():
                most = entry.speak.sampling.max_frames
                self._note(f"utterance {speak_id}: no end after {entry.n_samples} samples of at most {most} frames")
                self.counts["lost"] += 1
            self._open.clear()

    def _close_ended(self, speak_id: int, how: str) -> _Entry | None:
        """None where it was given up as lost."""
        entry = self._open.pop(speak_id, None)
        if entry is None:
            return None
        self.counts[how] += 1
        if entry.n_ends != 1:
            self._note(f"utterance {speak_id}: it ended {entry.n_ends} times in the engine")
        return entry

    def _note(self, what: str) -> None:
        self.n_wrong += 1
        if len(self.wrong) < _WRONG_KEPT:
            self.wrong.append(what)


class AuditedClient(EngineClient):
    """A client whose books see everything that the engine's process says, before the client makes anything of it."""

    def __init__(self, options: StartOptions, books: Books) -> None:
        super().__init__(options)
        self._books = books

    def sound(self, speak_id: int, pieces: list[Pcm], *, last: bool, capped: bool) -> None:
        self._books.told(speak_id, sum(map(len, pieces)), ends=last)
        super().sound(speak_id, pieces, last=last, capped=capped)

    def failed(self, speak_id: int, error: EngineError) -> None:
        self._books.told(speak_id, 0, ends=True)
        super().failed(speak_id, error)
