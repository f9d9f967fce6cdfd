"""What the engine did in a window, from the producer's metrics page.

Its counters come with the worker's heartbeat, every few seconds. So the window's speed is that between the first and the last
change that was seen in it, each at the moment when it was seen.
"""

import asyncio
import re
import time
from dataclasses import dataclass, field

from speechmill.cli.bench.serve.peer import Peer

_EVERY_S = 0.2
_COUNTER = re.compile(r"^speech_engine_(audio_seconds|frames|launches)_total\{[^}]*\} (\S+)$", re.MULTILINE)


@dataclass(frozen=True)
class Made:
    """`times_realtime`: sound that the engine handed over, whatever became of it. `mean_rows`: utterances in a launch."""

    times_realtime: float
    mean_rows: float


@dataclass
class EngineFigures:
    """Watches while its context is entered."""

    url: str
    _seen: list[tuple[float, dict[str, float]]] = field(default_factory=list)

    async def __aenter__(self) -> "EngineFigures":
        self._task = asyncio.create_task(self._watch())
        return self

    async def __aexit__(self, *_: object) -> None:
        self._task.cancel()

    @property
    def made(self) -> Made | None:
        """None for a voice without an engine, and for a window too short to see two changes in."""
        if len(self._seen) < 2:
            return None
        (first_s, first), (last_s, last) = self._seen[0], self._seen[-1]
        frames, launches = (last[name] - first[name] for name in ("frames", "launches"))
        return Made((last["audio_seconds"] - first["audio_seconds"]) / (last_s - first_s), frames / max(1.0, launches))

    async def _watch(self) -> None:
        before: dict[str, float] = {}
        peer = Peer(self.url)
        try:
            while True:
                figures = _sums((await peer.ask("GET", "/metrics")).text)
                if before and figures != before:
                    self._seen.append((time.perf_counter(), figures))
                before = figures
                await asyncio.sleep(_EVERY_S)
        finally:
            peer.close()


def _sums(metrics: str) -> dict[str, float]:
    """By name, of all engines; empty where there is none."""
    sums: dict[str, float] = {}
    for name, value in _COUNTER.findall(metrics):
        sums[name] = sums.get(name, 0.0) + float(value)
    return sums
