"""What a row gained over the row that it changes, in a number and in a word. No torch."""

from dataclasses import dataclass
from statistics import median

from worker.bench.guide.order import Speed
from worker.bench.guide.schedule import Outcome

NOISE = 0.05
"""Two runs of the same row differ by so much, and more where their rounds do."""


@dataclass(frozen=True)
class Gain:
    """`times` as fast as the other; `noise`: the difference from 1 that says nothing."""

    times: float
    noise: float

    @property
    def word(self) -> str:
        if abs(self.times - 1) <= self.noise:
            return "no gain"
        return "faster" if self.times > 1 else "slower"


def times_realtime(speed: Speed) -> float:
    """Audio seconds a wall second."""
    return median(speed.rounds)


def alone(outcome: Outcome) -> Speed | None:
    return next((speed for speed in outcome.speeds if speed.at_once == 1), None)


def together(outcome: Outcome) -> Speed | None:
    return next((speed for speed in outcome.speeds if speed.at_once > 1), None)


def gain(speed: Speed | None, other: Speed | None) -> Gain | None:
    """None where one of them was not measured."""
    if speed is None or other is None:
        return None
    return Gain(times_realtime(speed) / times_realtime(other), max(NOISE, _spread(speed), _spread(other)))


def gains(outcome: Outcome, against: Outcome | None) -> tuple[Gain | None, Gain | None]:
    """Alone, and together. A row that is about speaking together is compared with the other's speed alone."""
    if against is None:
        return None, None
    if not outcome.row.loads.alone:
        return None, gain(together(outcome), alone(against))
    return gain(alone(outcome), alone(against)), gain(together(outcome), together(against))


def word(outcome: Outcome, against: Outcome | None) -> str:
    """One line about a row."""
    if outcome.row.setup is None:
        return "not yet"
    if outcome.problem:
        return outcome.problem
    alone_gain, together_gain = gains(outcome, against)
    words = [each.word for each in (alone_gain, together_gain) if each]
    if len(set(words)) > 1:
        words = [f"alone {words[0]}", f"together {words[1]}"]
    notes = [note for speed in outcome.speeds for note in speed.notes]
    return "; ".join(dict.fromkeys([*words, *notes]))


def _spread(speed: Speed) -> float:
    """Of its rounds, as a share of their middle."""
    return (max(speed.rounds) - min(speed.rounds)) / times_realtime(speed)
