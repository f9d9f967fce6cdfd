"""One format under load: fill up, wait until it is steady, watch for so many seconds, let everything end."""

import asyncio
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from speechmill.cli.bench.serve.engine_figures import EngineFigures, Made
from speechmill.cli.bench.serve.load import Ended, Load, LoadFailed
from speechmill.cli.bench.serve.peer import Peer, PeerLost
from speechmill.cli.bench.serve.processor import cpu_seconds
from speechmill.cli.bench.serve.steady import Steady, steady
from speechmill.cli.bench.serve.texts import Lengths, texts
from speechmill.cli.exits import Failure
from speechmill.view import JOBS_PATH

_TICK_S = 0.05
_NO_NEWS_S = 300.0
"""How long no job may end before the bench gives up: a first one of an engine on a CPU takes its time."""
_MOST_LOOKED_AT = 500
"""Jobs whose takes are asked for, after the load."""


@dataclass(frozen=True)
class Order:
    """`n_open` jobs at once for `seconds`, at the producer at `url`; `body` is a job's, without input, seed and format. `ends`:
    see texts.py. `group`: the process group of the stack, where its CPU can be seen."""

    url: str
    n_open: int
    seconds: float
    body: Mapping[str, Any]
    ends: bool
    lengths: Lengths
    group: int | None = None


@dataclass(frozen=True)
class Takes:
    """What the takes of some of the jobs were like. `flags`: how many takes have each."""

    n: int
    n_flagged: int
    n_spoken: int
    flags: Mapping[str, int]


@dataclass(frozen=True)
class Served:
    """`cores`: by part, CPU seconds a second of the window; the bench's own is among them. `n_refused`: posts answered 429 or
    503, from beginning to end."""

    format: str
    n_refused: int
    steady: Steady
    made: Made | None
    takes: Takes
    cores: Mapping[str, float]


def serve_format(order: Order, format: str) -> Served:
    """Raises Failure."""
    body = {**order.body, "response_format": format}
    load = Load(order.url, order.n_open, body,
                texts(order.lengths, ends=order.ends, n_staggered=order.n_open, seed=order.n_open))
    window = _Window(order)
    try:
        asyncio.run(load.run(window.watch))
        found = steady([job for job in load.ended if window.begun_s <= job.ended_s <= window.ended_s])
        takes = asyncio.run(_look_at_takes(order.url, _spread(load.ended)))
    except (LoadFailed, PeerLost, ValueError) as error:
        raise Failure(f"{format}: {error}") from None
    if found.n_failed == found.n_jobs:
        raise Failure(f"{format}: every job failed: {next(job.error for job in load.ended if job.error)}")
    return Served(format, load.n_refused, found, window.made, takes, window.cores)


@dataclass
class _Window:
    """The seconds that are measured. Those before it fill everything up, and all that began together has ended by then."""

    order: Order
    begun_s: float = 0.0
    ended_s: float = 0.0
    made: Made | None = None
    cores: dict[str, float] = field(default_factory=dict)

    async def watch(self, load: Load) -> None:
        await self._until(lambda: len(load.ended) >= self.order.n_open, load)
        async with EngineFigures(self.order.url) as figures:
            before, self.begun_s = self._cpu_seconds(), time.perf_counter()
            n_before = len(load.ended)
            await asyncio.sleep(self.order.seconds)
            await self._until(lambda: len(load.ended) >= n_before + 3, load)
            after, self.ended_s = self._cpu_seconds(), time.perf_counter()
        self.made = figures.made
        wall_s = self.ended_s - self.begun_s
        self.cores = {part: (after[part] - before.get(part, 0.0)) / wall_s for part in after}

    async def _until(self, true: Callable[[], bool], load: Load) -> None:
        n_ended, since_s = len(load.ended), time.monotonic()
        while not true():
            await asyncio.sleep(_TICK_S)
            if len(load.ended) > n_ended:
                n_ended, since_s = len(load.ended), time.monotonic()
            if time.monotonic() - since_s > _NO_NEWS_S:
                raise LoadFailed(f"no job has ended for {_NO_NEWS_S:g} s; {load.n_posted} were posted")

    def _cpu_seconds(self) -> dict[str, float]:
        parts = cpu_seconds(self.order.group) if self.order.group else {}
        return {**parts, "bench": time.process_time()}


def _spread(ended: Sequence[Ended]) -> list[str]:
    """At most so many, from everywhere."""
    ids = [job.id for job in ended if not job.error]
    return ids[::max(1, -(-len(ids) // _MOST_LOOKED_AT))]


async def _look_at_takes(url: str, ids: Sequence[str]) -> Takes:
    flags: Counter[str] = Counter()
    n = n_flagged = n_spoken = 0
    peer = Peer(url)
    for job_id in ids:
        answer = await peer.ask("GET", f"{JOBS_PATH}/{job_id}/segments")
        if answer.status != 200:
            raise LoadFailed(f"the producer answered {answer.status} when asked for segments: {answer.text[:300]}")
        for take in answer.json["data"]:
            n, n_flagged, n_spoken = n + 1, n_flagged + bool(take["flags"]), n_spoken + (take["spoken"] or 0)
            flags.update(take["flags"])
    peer.close()
    return Takes(n, n_flagged, n_spoken, dict(flags))
