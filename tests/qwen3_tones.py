"""The qwen3 voice with an engine process that speaks tones: everything but the model is the real thing."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from speechmill.settings import EngineSettings, WorkerSettings
from tests.unit.engine.tone_speaker import ToneOptions
from worker.engine.client import StartOptions
from worker.voices.qwen3 import Qwen3
from worker.voices.qwen3_start import EngineStart
from worker.voices.seam import Speech, Watcher

TONES = "tests.unit.engine.tone_speaker:speaker"


@dataclass(frozen=True)
class ToneStart(EngineStart):
    """As the real start, but the speaker is given `tones`."""

    tones: ToneOptions = field(default_factory=ToneOptions)

    def options(self, report: Any) -> StartOptions:
        return replace(super().options(report), options=self.tones)


@dataclass
class Note:
    """A watcher that writes down what it is told."""

    deaths: list[list[Speech]] = field(default_factory=list)
    reasons: list[str] = field(default_factory=list)

    def died(self, speeches: Sequence[Speech]) -> None:
        self.deaths.append(list(speeches))

    def broken(self, reason: str) -> None:
        self.reasons.append(reason)


def qwen3_of_tones(checkpoint: Path, watcher: Watcher | None = None, tones: ToneOptions | None = None, **settings: Any) -> Qwen3:
    engine = EngineSettings(checkpoint=str(checkpoint), **settings)
    return Qwen3(ToneStart(TONES, engine, WorkerSettings(), tones or ToneOptions()), watcher or Note())
