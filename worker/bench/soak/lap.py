"""A lap: one checkpoint in one engine process, under mixed load for so long. No torch on this side."""

import math
import sys
import time
from dataclasses import dataclass
from pathlib import Path

from worker.bench.soak.books import AuditedClient, Books
from worker.bench.soak.crowd import Crowd, Pressure
from worker.bench.soak.memory import MIB, Limit, Sample, Trend, gpu_used_mib, trends
from worker.bench.soak.mix import Mix
from worker.engine.client import StartOptions
from worker.engine.options import EngineOptions
from worker.model.host_memory import HostMemory

SETTLE_S = 10.0
"""For the last cancels, and the beat that tells of them."""
TELL_EVERY_S = 30.0


@dataclass(frozen=True)
class LapOrder:
    """`every_s`: between two looks at the memory. `longest_s`: see mix.Mix. `patience_s`: how long what is in flight at the end
    may take; a rush takes minutes on a slow CPU. `factory`: whose engine (worker/engine/process.py: Factory)."""

    label: str
    checkpoint: Path
    n_slots: int
    seconds: float
    every_s: float
    longest_s: float = 20.0
    seed: int = 0
    cpu_threads: int = 0
    patience_s: float = 300.0
    factory: str = "worker.engine.build:speaker"

    def options(self) -> EngineOptions:
        """Few may wait, so that a rush overfills it."""
        return EngineOptions(checkpoint=self.checkpoint, n_slots=self.n_slots, interactive_slots=max(1, self.n_slots // 8),
                             max_waiting=self.n_slots, cpu_threads=self.cpu_threads)

    def pressure(self) -> Pressure:
        return Pressure(n_callers=self.n_slots + self.n_slots // 4, n_rush=2 * self.n_slots)


@dataclass(frozen=True)
class LapResult:
    """`problems`: what did not balance, for people; empty where all is well but perhaps the memory."""

    label: str
    minutes: float
    books: Books
    trends: tuple[Trend, ...]
    problems: tuple[str, ...]

    def is_well(self, limit: Limit) -> bool:
        return not self.problems and not any(trend.grows(limit) for trend in self.trends)


def run_lap(order: LapOrder) -> LapResult:
    """Raises EngineError where the engine does not start."""
    books = Books()
    # Never replaced when it grows: growth is what is looked for.
    client = AuditedClient(StartOptions(order.factory, order.options(), stall_s=120.0, recycle_rss_bytes=0), books)
    try:
        return _run(order, client, books)
    finally:
        client.close()


def _run(order: LapOrder, client: AuditedClient, books: Books) -> LapResult:
    info = client.start()
    pid = client.pid
    crowd = Crowd(client, Mix(info, order.seed, order.longest_s), books, order.pressure())
    crowd.start()
    samples = _watch(order, client, books)
    minutes = samples[-1].at_s / 60
    crowd.stop(order.patience_s)
    books.close_lost()
    problems = [*books.wrong, *_left_over(client, order)]
    if client.pid != pid:
        problems.append("the engine's process died on the way (its log says of what)")
    return LapResult(order.label, minutes, books, tuple(trends(samples)), tuple(problems))


def _watch(order: LapOrder, client: AuditedClient, books: Books) -> list[Sample]:
    """Looks at the memory for as long as the lap goes."""
    began, told_at, samples = time.monotonic(), 0.0, list[Sample]()
    memory = HostMemory()
    while (at_s := time.monotonic() - began) < order.seconds:
        samples.append(_look(client, memory, at_s))
        if at_s - told_at >= TELL_EVERY_S:
            told_at = at_s
            _tell(order, samples[-1], books)
        time.sleep(order.every_s)
    return [*samples, _look(client, memory, at_s)]


def _look(client: AuditedClient, memory: HostMemory, at_s: float) -> Sample:
    gauges = client.gauges
    return Sample(
        at_s=at_s, engine=gauges.get("rss_bytes", math.nan) / MIB, caller=memory.look() / MIB,
        gpu_allocated=gauges.get("gpu_allocated_bytes", math.nan) / MIB,
        gpu_reserved=gauges.get("gpu_reserved_bytes", math.nan) / MIB,
        gpu_used=gpu_used_mib() if "gpu_reserved_bytes" in gauges else math.nan)


def _left_over(client: AuditedClient, order: LapOrder) -> list[str]:
    """What an engine with nothing to do still holds: it must hold nothing."""
    until = time.monotonic() + min(SETTLE_S, order.patience_s)
    empty = {"inside": 0, "slots_used": 0, "slots_free": order.n_slots, "waiting_interactive": 0, "waiting_batch": 0,
             "waiting_for_reference": 0}
    held: dict[str, float] = {}
    while time.monotonic() < until:
        gauges = client.gauges
        held = {name: gauges.get(name, math.nan) for name in empty}
        if held == empty:
            return []
        time.sleep(0.1)
    return [f"{name} is {held[name]:g} with nothing to do; it should be {n}" for name, n in empty.items() if held[name] != n]


def _tell(order: LapOrder, sample: Sample, books: Books) -> None:
    ended = ", ".join(f"{n} {how}" for how, n in books.counts.most_common())
    gpu = "" if math.isnan(sample.gpu_reserved) else f", GPU {sample.gpu_reserved:.0f}"
    print(f"{order.label}: {sample.at_s / 60:.1f} min, {ended}, {books.n_wrong} wrong, {books.audio_s:.0f} s of audio; "  # noqa: T201
          f"MiB: engine {sample.engine:.0f}, caller {sample.caller:.0f}{gpu}", file=sys.stderr, flush=True)
