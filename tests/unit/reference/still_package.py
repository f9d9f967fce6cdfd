"""A package that speaks a known sound at once, and a listener that notes what it is told."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np

from worker.engine.speaker import Pcm, Speak, SpeakerInfo
from worker.model.config import SAMPLES_PER_FRAME
from worker.model.errors import BadUtterance, EngineError, TooLittleMemory
from worker.model.reference import PreparedReference
from worker.model.sampling import Sampling
from worker.reference.options import ReferenceOptions
from worker.reference.speaker import ReferenceParts, ReferenceSpeaker

INFO = SpeakerInfo(name="still", kind="custom_voice", voices=("vivian",), languages=("english",), takes_instructions=True,
                   revision="1", n_slots=4, longest_frames=2047)


def speak(number: int, text: str = "five words make a text", *, interactive: bool = False, max_frames: int = 20,
          **sampling: object) -> Speak:
    how = replace(Sampling(seed=number, max_frames=max_frames), **sampling)  # type: ignore[arg-type]
    return Speak(number, text, "english", voice="vivian", sampling=how, interactive=interactive)


@dataclass
class StillPackage:
    """A frame a word; "on" never ends, "nan" breaks. Only `fits` utterances fit into memory at once."""

    fits: int = 1000
    calls: list[list[int]] = field(default_factory=list)
    meanwhile: Callable[[], None] = lambda: None

    def speak(self, speaks: Sequence[Speak]) -> list[Pcm]:
        self.calls.append([speak.id for speak in speaks])
        self.meanwhile()
        if len(speaks) > self.fits:
            raise TooLittleMemory(f"{len(speaks)} utterances at once do not fit")
        return [self._sound(speak) for speak in speaks]

    def _sound(self, speak: Speak) -> Pcm:
        words = speak.text.split()
        n_frames = speak.sampling.max_frames + 1 if "on" in words else len(words)
        return np.full(n_frames * SAMPLES_PER_FRAME, np.nan if "nan" in words else speak.id, np.float32)


@dataclass
class NotingListener:
    sounds: dict[int, Pcm] = field(default_factory=dict)
    capped: set[int] = field(default_factory=set)
    errors: dict[int, EngineError] = field(default_factory=dict)

    def sound(self, speak_id: int, pcm: Pcm, *, last: bool, capped: bool) -> None:
        assert last
        assert speak_id not in self.sounds
        self.sounds[speak_id] = pcm
        if capped:
            self.capped.add(speak_id)

    def failed(self, speak_id: int, error: EngineError) -> None:
        assert speak_id not in self.errors
        self.errors[speak_id] = error

    def encoded(self, speak_id: int, reference: PreparedReference) -> None:
        raise AssertionError("the package tells of no encoding")

    def flush(self) -> None:
        raise AssertionError("the package's sound comes with the end of a step")


@dataclass
class StillReference:
    """What tests drive. Nothing is gathered for, unless asked."""

    package: StillPackage = field(default_factory=StillPackage)
    batch: int = 4
    gather_s: float = 0.0
    max_waiting: int = 100

    def __post_init__(self) -> None:
        self.listener = NotingListener()
        options = ReferenceOptions(Path("still"), batch=self.batch, gather_s=self.gather_s, max_waiting=self.max_waiting)
        self.speaker = ReferenceSpeaker(ReferenceParts(self.package, check, INFO), options, self.listener)

    def submit(self, *speaks: Speak) -> None:
        for each in speaks:
            self.speaker.submit(each)

    def run(self) -> None:
        while self.speaker.step():
            pass


def check(speak: Speak) -> None:
    if not speak.text:
        raise BadUtterance("text says nothing", param="text")
