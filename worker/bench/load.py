"""A steady load on a speaker: so many utterances in flight, which join and leave at any frame. No torch."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from statistics import median, quantiles

import numpy as np
from numpy.typing import NDArray

from worker.engine.speaker import Speak, Speaker
from worker.model.config import FRAME_RATE_HZ, SAMPLE_RATE_HZ
from worker.model.errors import EngineError
from worker.model.reference import PreparedReference
from worker.model.sampling import Sampling

_CHARACTERS_PER_S = 15
SHORTEST_S = 0.3
"""Of any utterance: what is shorter has no text."""
# Words that are one token each, in Qwen's vocabulary and in that of random checkpoints: prompts are as long as real ones.
_PROSE = ("it is cold out here and an old boy stood still by a river once more before he left to find his food and a good "
          "book in our room but not until every light below is out and all is red now and a moon in his own wood ")


@dataclass(frozen=True)
class Lengths:
    """How long utterances are, seconds: anything between the two is as likely."""

    shortest_s: float = 5.0
    longest_s: float = 20.0

    @property
    def mean_frames(self) -> float:
        return (self.shortest_s + self.longest_s) / 2 * FRAME_RATE_HZ

    @property
    def mean_frames_spoken(self) -> float:
        """Of whoever is in flight: half of what utterances last, weighed by how long each is there, E[l²] / 2 E[l]."""
        shortest, longest = self.shortest_s * FRAME_RATE_HZ, self.longest_s * FRAME_RATE_HZ
        return (shortest**2 + shortest * longest + longest**2) / (3 * (shortest + longest))


@dataclass(frozen=True)
class Steady:
    """What a steady load gave, between the first and the last step of its time in which utterances ended. Those of the first
    step are not counted: several end together, and they were spoken before it."""

    audio_s: float
    wall_s: float
    n_utterances: int

    @property
    def times_realtime(self) -> float:
        return self.audio_s / self.wall_s if self.wall_s else 0.0


@dataclass(frozen=True)
class FirstAudio:
    """Milliseconds from submit to the first samples of an interactive, streamed utterance."""

    median_ms: float
    p95_ms: float
    n: int


@dataclass
class Load:
    """Keeps `concurrency` utterances in flight. It is the speaker's listener: build it first, then give it the speaker."""

    concurrency: int
    voice: str
    lengths: Lengths = Lengths()
    seed: int = 0
    clock: Callable[[], float] = time.perf_counter
    _next_id: int = 0
    _in_flight: set[int] = field(default_factory=set)
    _stepped_at: float = 0.0
    _ended: list[tuple[float, int]] = field(default_factory=list)     # in the step of when, samples of the whole utterance
    _samples: dict[int, int] = field(default_factory=dict)
    _first: dict[int, float] = field(default_factory=dict)            # when an utterance was first heard
    _failed: list[EngineError] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._random = np.random.default_rng(self.seed)

    # --- the speaker's listener

    def sound(self, speak_id: int, pcm: NDArray[np.float32], *, last: bool,
              capped: bool) -> None:  # noqa: ARG002  # each of them ends at its cap
        self._first.setdefault(speak_id, self.clock())
        self._samples[speak_id] = self._samples.get(speak_id, 0) + len(pcm)
        if last:
            self._ended.append((self._stepped_at, self._samples.pop(speak_id)))
            self._in_flight.discard(speak_id)

    def failed(self, speak_id: int, error: EngineError) -> None:
        self._failed.append(error)
        self._in_flight.discard(speak_id)

    def encoded(self, speak_id: int, reference: PreparedReference) -> None:
        """Nobody here keeps a reference."""

    def flush(self) -> None:
        """Nothing was held back."""

    # --- what is measured

    def fill(self, speaker: Speaker) -> None:
        """Begin, and wait until everything that began together has ended."""
        for _ in range(self.concurrency):
            # Staggered, so that ends are spread from the start.
            self._say(speaker, self._random.uniform(SHORTEST_S, self.lengths.longest_s))
        fill = len(self._ended) + self.concurrency
        while len(self._ended) < fill:
            self._step(speaker)

    def steady(self, speaker: Speaker, seconds: float) -> Steady:
        """Measure for `seconds`, once it is filled."""
        self._ended.clear()
        until = self.clock() + seconds
        while self.clock() < until or len(self._ended) < 3 or self._ended[0][0] == self._ended[-1][0]:
            self._step(speaker)
        first, last = self._ended[0][0], self._ended[-1][0]
        counted = [n_samples for when, n_samples in self._ended if when > first]
        return Steady(audio_s=sum(counted) / SAMPLE_RATE_HZ, wall_s=last - first, n_utterances=len(counted))

    def first_audio(self, speaker: Speaker, n: int) -> FirstAudio:
        """`n` interactive utterances one after another, beside the others in flight."""
        waits = [self._probe(speaker) for _ in range(n)]
        return FirstAudio(median(waits), quantiles(waits, n=20, method="inclusive")[-1], n)

    def drain(self, speaker: Speaker) -> None:
        """Let everything in flight end."""
        while self._in_flight:
            speaker.step()

    def samples(self, n: int) -> list[Speak]:
        """Utterances as the load has them, not spoken."""
        return [self._speak(self._draw_s()) for _ in range(n)]

    def _probe(self, speaker: Speaker) -> float:
        for _ in range(3):
            self._step(speaker, keep=self.concurrency - 1)
        begun = self.clock()
        speak_id = self._say(speaker, 1.0, interactive=True)
        while speak_id not in self._first and speak_id in self._in_flight:
            self._step(speaker, keep=self.concurrency)
        waited = self._first.get(speak_id, float("nan")) - begun
        while speak_id in self._in_flight:
            self._step(speaker, keep=self.concurrency)
        return 1000 * waited

    def _step(self, speaker: Speaker, keep: int | None = None) -> None:
        while len(self._in_flight) < (self.concurrency if keep is None else keep):
            self._say(speaker, self._draw_s())
        self._stepped_at = self.clock()
        speaker.step()
        if self._failed:
            raise self._failed[0]

    def _say(self, speaker: Speaker, duration_s: float, *, interactive: bool = False) -> int:
        speak = self._speak(duration_s, interactive=interactive)
        self._in_flight.add(speak.id)
        speaker.submit(speak)
        return speak.id

    def _speak(self, duration_s: float, *, interactive: bool = False) -> Speak:
        self._next_id += 1
        return Speak(id=self._next_id, text=self._text(duration_s), language="english", voice=self.voice,
                     interactive=interactive, streamed=interactive,
                     sampling=Sampling(seed=self._next_id, max_frames=max(4, round(duration_s * FRAME_RATE_HZ))))

    def _draw_s(self) -> float:
        return float(self._random.uniform(self.lengths.shortest_s, self.lengths.longest_s))

    def _text(self, duration_s: float) -> str:
        """As many characters as people speak in that time."""
        n_characters = round(duration_s * _CHARACTERS_PER_S)
        start = int(self._random.integers(len(_PROSE)))
        return (_PROSE * (2 + n_characters // len(_PROSE)))[start:start + n_characters]
