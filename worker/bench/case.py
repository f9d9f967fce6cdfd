"""What is measured: one configuration under one or several loads, and the row that comes of each."""

import dataclasses
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, get_args, get_type_hints

from worker.bench.load import Lengths
from worker.engine.options import EngineOptions


class BadCase(Exception):
    """A configuration that does not exist; the message says what does."""


@dataclass(frozen=True)
class Case:
    """Our engine; `changes` are EngineOptions by name, over the defaults."""

    label: str
    changes: dict[str, Any]

    @classmethod
    def parse(cls, text: str) -> "Case":
        """engine, then name=value: `engine,cuda_graphs=false,decode_attention=sdpa`. Raises BadCase."""
        backend, *changes = text.split(",")
        if backend != "engine":
            raise BadCase(f"There is no backend {backend!r}; there is engine.")
        return cls(text, dict(_change(change) for change in changes))

    def options(self, checkpoint: Path, n_slots: int) -> EngineOptions:
        """So that `n_slots` utterances are spoken at once, and an interactive one beside them. Raises BadCase where `changes`
        leave fewer slots."""
        options = dataclasses.replace(
            EngineOptions(checkpoint=checkpoint, n_slots=n_slots + 1, interactive_slots=1, max_waiting=4 * n_slots + 16),
            **self.changes)
        if options.n_slots - options.interactive_slots < n_slots:
            raise BadCase(f"{self.label}: {n_slots} utterances in flight need as many slots; n_slots={options.n_slots} with "
                          f"interactive_slots={options.interactive_slots} has fewer for them.")
        return options


def _change(text: str) -> tuple[str, Any]:
    name, _, value = text.partition("=")
    kinds = get_type_hints(EngineOptions)
    if name not in kinds or name == "checkpoint":
        known = ", ".join(field.name for field in fields(EngineOptions) if field.name != "checkpoint")
        raise BadCase(f"There is no option {name!r}; there are {known}.")
    kind = kinds[name]
    if kind is bool:
        if value not in ("true", "false"):
            raise BadCase(f"{name} is true or false, not {value!r}.")
        return name, value == "true"
    if kind is int:
        if not value.isdecimal():
            raise BadCase(f"{name} is a whole number, not {value!r}.")
        return name, int(value)
    if value not in get_args(kind):
        raise BadCase(f"{name} is one of {', '.join(get_args(kind))}, not {value!r}.")
    return name, value


@dataclass(frozen=True)
class Plan:
    """What to measure. Random weights never draw the end token (random_weights.py): utterances last exactly as long as the load
    says."""

    case: Case
    checkpoint: Path
    concurrency: tuple[int, ...]
    seconds: float
    probes: int
    lengths: Lengths


@dataclass(frozen=True)
class Row:
    """What one load of one configuration gave. Milliseconds are per frame of the whole batch, on the device's own clock."""

    label: str
    concurrency: int
    times_realtime: float
    rtf: float                       # of one utterance: wall seconds a second of its audio
    first_audio_ms: float
    first_audio_p95_ms: float
    mean_rows: float
    predictor_ms: float
    talker_ms: float
    codec_ms: float
    admission_ms: float
    floor_times_realtime: float
    vram_gb: float
    warm_up_s: float
    notes: str = ""

    @property
    def of_floor(self) -> float:
        """Share of the counted floor's speed that was reached."""
        return self.times_realtime / self.floor_times_realtime if self.floor_times_realtime else 0.0
