"""A steady load measures what a speaker really does: here one whose speed is known."""

import itertools
from collections import deque
from dataclasses import dataclass, field

import numpy as np
import pytest

from worker.bench.load import Lengths, Load
from worker.engine.speaker import Speak, SpeakerInfo
from worker.model.config import SAMPLE_RATE_HZ

INFO = SpeakerInfo(name="even", kind="base", voices=(), languages=("english",), takes_instructions=False, revision="1",
                   n_slots=1, longest_frames=1000)


@dataclass
class EvenSpeaker:
    """Each step lasts a second, and ends `at_once` utterances of one second each: `at_once` times real time."""

    at_once: int
    info: SpeakerInfo = INFO
    now_s: float = 0.0
    load: Load | None = None
    waiting: deque[Speak] = field(default_factory=deque)
    ticks: "itertools.count[int]" = field(default_factory=itertools.count)

    def clock(self) -> float:
        return self.now_s + 1e-6 * next(self.ticks)  # time passes between two calls of a listener, too

    def submit(self, speak: Speak) -> None:
        self.waiting.append(speak)

    def cancel(self, speak_id: int) -> None:
        raise AssertionError("a load cancels nothing")

    def step(self) -> bool:
        self.now_s += 1.0
        assert self.load
        for _ in range(min(self.at_once, len(self.waiting))):
            self.load.sound(self.waiting.popleft().id, np.zeros(SAMPLE_RATE_HZ, np.float32), last=True, capped=True)
        return True

    def gauges(self) -> dict[str, float]:
        return {}


@pytest.mark.parametrize("at_once", [1, 4, 16])
@pytest.mark.parametrize("seconds", [0.5, 5.0, 20.0])
def test_utterances_that_end_together_are_no_faster_than_they_are(at_once: int, seconds: float) -> None:
    speaker = EvenSpeaker(at_once)
    speaker.load = load = Load(concurrency=2 * at_once, voice="", clock=speaker.clock)
    load.fill(speaker)
    assert load.steady(speaker, seconds).times_realtime == pytest.approx(at_once, rel=1e-3)


def test_an_utterance_in_flight_is_older_than_half_the_mean_because_long_ones_stay_longer() -> None:
    random = np.random.default_rng(0)
    lengths = Lengths(5.0, 20.0)
    frames = random.uniform(5.0, 20.0, 200_000) * 12.5
    in_flight = random.choice(frames, 200_000, p=frames / frames.sum())
    assert lengths.mean_frames_spoken == pytest.approx((in_flight * random.uniform(size=200_000)).mean(), rel=0.01)
    assert Lengths(8.0, 8.0).mean_frames_spoken == pytest.approx(50)
