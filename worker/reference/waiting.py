"""Which utterances are spoken in one call of `generate`, and when it is worth one. No torch."""

from collections import OrderedDict
from dataclasses import dataclass, field

from worker.engine.speaker import Speak
from worker.model.sampling import Draw


@dataclass(frozen=True)
class Likeness:
    """What all utterances of one call share: qwen-tts takes it once a call. Texts, voices, languages, instructions and
    references may differ."""

    feed: str
    talker: Draw
    predictor: Draw
    repetition_penalty: float

    @staticmethod
    def of(speak: Speak) -> "Likeness":
        sampling = speak.sampling
        return Likeness(speak.feed, sampling.talker, sampling.predictor, sampling.repetition_penalty)


@dataclass(frozen=True)
class _Waiter:
    speak: Speak
    since: float


@dataclass
class Waiting:
    """Interactive utterances first, each class first come, first served. The first of all decides what the call is like; at
    most `batch` that are like it go along, and it waits for them no longer than `gather_s`."""

    batch: int
    gather_s: float
    _waiters: OrderedDict[int, _Waiter] = field(default_factory=OrderedDict)

    def add(self, speak: Speak, now: float) -> None:
        """`now` in seconds, of a clock that never goes back."""
        self._waiters[speak.id] = _Waiter(speak, now)

    def drop(self, speak_id: int) -> None:
        """Forget it, if it is here."""
        self._waiters.pop(speak_id, None)

    def due_in_s(self, now: float) -> float:
        """How long to wait before `take`; 0 is now. Only where somebody waits."""
        alike = self._alike()
        if len(alike) == self.batch:
            return 0.0
        return max(0.0, alike[0].since + self.gather_s - now)

    def take(self) -> list[Speak]:
        """The next call."""
        taken = [waiter.speak for waiter in self._alike()]
        for speak in taken:
            del self._waiters[speak.id]
        return taken

    def count(self, *, interactive: bool) -> int:
        return sum(waiter.speak.interactive == interactive for waiter in self._waiters.values())

    def __len__(self) -> int:
        return len(self._waiters)

    def _alike(self) -> list[_Waiter]:
        ordered = sorted(self._waiters.values(), key=lambda waiter: not waiter.speak.interactive)
        first = Likeness.of(ordered[0].speak)
        return [waiter for waiter in ordered if Likeness.of(waiter.speak) == first][:self.batch]
