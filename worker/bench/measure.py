"""One configuration, measured under every load, in a process of its own: the next one finds the device's memory empty."""

import sys
import time
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from worker.bench.case import Plan, Row
from worker.bench.ceilings import measure_ceilings
from worker.bench.floor import Ceilings, count_floor
from worker.bench.load import Load
from worker.bench.memory import forget_peak
from worker.bench.memory import vram_gb as held_vram_gb
from worker.bench.parts import Parts, time_parts
from worker.engine.build import Built, build
from worker.engine.engine import Engine
from worker.engine.speaker import Listener, Speaker
from worker.engine.torch_setup import configure_torch
from worker.model.errors import EngineError
from worker.model.reference import PreparedReference


class Switch:
    """The speaker's listener for its whole life; each load listens in turn."""

    def __init__(self) -> None:
        self.load: Listener | None = None

    def sound(self, speak_id: int, pcm: NDArray[np.float32], *, last: bool, capped: bool) -> None:
        if self.load:
            self.load.sound(speak_id, pcm, last=last, capped=capped)

    def failed(self, speak_id: int, error: EngineError) -> None:
        if self.load:
            self.load.failed(speak_id, error)

    def encoded(self, speak_id: int, reference: PreparedReference) -> None:
        """Nobody here keeps a reference."""

    def flush(self) -> None:
        """Nothing was held back."""


def measure(plan: Plan) -> Iterator[Row]:
    """Our engine under each load. Prints a line about each on standard error as it goes."""
    options = plan.case.options(plan.checkpoint, max(plan.concurrency))
    ceilings = measure_ceilings(configure_torch(options).device)    # first: slots may leave no room for it
    forget_peak()   # that was the bench's own memory
    begun = time.perf_counter()
    built = build(options, report=_tell)
    switch = Switch()
    engine = Engine(built.parts, options, switch)
    warm_up_s = time.perf_counter() - begun
    forget_peak()   # that was for a moment, while graphs were captured
    for n in plan.concurrency:
        yield _measure_load(plan, built, engine, switch, ceilings, n, warm_up_s)


def _measure_load(plan: Plan, built: Built, engine: Engine, switch: Switch, ceilings: Ceilings, concurrency: int,
                  warm_up_s: float) -> Row:
    load = switch.load = Load(concurrency, _voice(engine), plan.lengths, seed=concurrency)
    load.fill(engine)
    before = engine.gauges()
    steady = load.steady(engine, plan.seconds)
    after = engine.gauges()
    vram_gb = held_vram_gb()
    first = load.first_audio(engine, plan.probes)
    load.drain(engine)
    _tell(f"{plan.case.label}, c={concurrency}: {steady.times_realtime:.1f}x over {steady.wall_s:.1f} s and "
          f"{steady.n_utterances} utterances, {_mean_rows(before, after):.1f} rows, first audio {first.median_ms:.0f} ms")
    prompt_positions = round(np.mean([len(built.parts.prompter.prompt(speak)) for speak in load.samples(20)]))
    n_positions = round(prompt_positions + plan.lengths.mean_frames_spoken)
    parts = time_parts(built, concurrency, n_positions, prompt_positions)
    mean_rows = _mean_rows(before, after)
    kept_bytes = built.runner.network.talker.kept_dtype.itemsize
    floor = count_floor(built.checkpoint.config, ceilings, concurrency, n_positions, kept_bytes=kept_bytes)
    return Row(
        label=plan.case.label, concurrency=concurrency, times_realtime=steady.times_realtime,
        rtf=concurrency / steady.times_realtime, first_audio_ms=first.median_ms, first_audio_p95_ms=first.p95_ms,
        mean_rows=mean_rows, predictor_ms=parts.predictor_ms, talker_ms=parts.talker_ms, codec_ms=parts.codec_ms,
        admission_ms=_admission_ms(parts, concurrency / plan.lengths.mean_frames),
        floor_times_realtime=floor.times_realtime(concurrency),
        vram_gb=vram_gb, warm_up_s=warm_up_s, notes="; ".join(built.parts.info.notes))


def _admission_ms(parts: Parts, joins_per_frame: float) -> float:
    """A frame's share of prefill, `prefill_prompts` at a time."""
    return parts.prefill_ms * joins_per_frame / parts.prefill_prompts


def _mean_rows(before: dict[str, float], after: dict[str, float]) -> float:
    """Rows of a launch, over what was launched between the two."""
    return (after["frames"] - before["frames"]) / max(1, after["launches"] - before["launches"])


def _tell(line: str) -> None:
    """A long run shows that it goes on; the table comes at its end."""
    print(line, file=sys.stderr, flush=True)  # noqa: T201


def _voice(speaker: Speaker) -> str:
    return speaker.info.voices[0] if speaker.info.voices else ""
