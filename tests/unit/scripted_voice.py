"""A voice that speaks what it is told to: each utterance gets the next planted take."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import numpy as np

from speechmill.catalogue import ModelInfo
from tests.unit.audio.sound import silence, tone
from worker.voices.seam import NO_GAUGES, Cancelled, Pcm, Speech, Utterance
from worker.voices.tone import MODEL


@dataclass(frozen=True)
class Planned:
    """What an utterance becomes. With `error` it is raised in the end."""

    pcm: Pcm = field(default_factory=lambda: silence(0))
    capped: bool = False
    error: Exception | None = None


@dataclass
class ScriptedSpeech:
    planned: Planned
    spoken: Callable[[], None]
    is_cancelled: bool = False

    @property
    def capped(self) -> bool:
        return self.planned.capped

    def chunks(self) -> Iterator[Pcm]:
        yield self.planned.pcm
        self.spoken()
        if self.is_cancelled:
            raise Cancelled
        if self.planned.error:
            raise self.planned.error

    def cancel(self) -> None:
        self.is_cancelled = True

    __hash__ = object.__hash__


@dataclass
class ScriptedVoice:
    """`heard` is what it was asked to speak; `spoken` is called in the middle of each utterance."""

    script: list[Planned]
    spoken: Callable[[], None] = lambda: None
    heard: list[Utterance] = field(default_factory=list)
    model_id: str = MODEL.id
    well: bool = True
    gauges = NO_GAUGES

    def warm_up(self) -> ModelInfo:
        return MODEL

    def speak(self, utterance: Utterance) -> Speech:
        self.heard.append(utterance)
        return ScriptedSpeech(self.script[len(self.heard) - 1], self.spoken)

    def close(self) -> None:
        pass


def good(duration_s: float = 2.0, hz: float = 220.0) -> Planned:
    return Planned(np.concatenate([silence(0.1), tone(duration_s, hz), silence(0.1)]))


def holey(duration_s: float = 2.0) -> Planned:
    """With a hole of two seconds inside: inner_silence."""
    return Planned(np.concatenate([tone(duration_s / 2), silence(2.0), tone(duration_s / 2), silence(0.1)]))


def quiet(duration_s: float = 2.0) -> Planned:
    return Planned(np.concatenate([tone(duration_s, amplitude=0.005), silence(0.1)]))


def endless(duration_s: float = 30.0) -> Planned:
    return Planned(tone(duration_s), capped=True)


def broken() -> Planned:
    return Planned(np.full(24_000, np.nan, np.float32))
