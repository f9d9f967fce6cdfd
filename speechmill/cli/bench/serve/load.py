"""The load: so many jobs open at a producer, each posted when another has ended, and what became of each."""

import asyncio
import random
import time
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from speechmill.cli.bench.serve.peer import Answer, Peer
from speechmill.view import JOBS_PATH

ENDS = ("completed", "failed", "cancelled", "expired")
MOST_JOBS = 200_000
MOST_REFUSED = 1000
_WAIT = "Prefer: wait=30\r\n"
_BETWEEN_CLIENTS_S = 0.005
"""They come one after the other: hundreds of connections opened at once would measure that, and nothing else."""
_AFTER_REFUSAL_S = 0.5


@dataclass(frozen=True)
class Ended:
    """A job that has ended. Seconds of time.perf_counter(): `posted_s`, `accepted_s` (the 202 was there), `ended_s`."""

    id: str
    posted_s: float
    accepted_s: float
    ended_s: float
    audio_s: float
    error: str = ""


class LoadFailed(Exception):
    """The producer finds fault with jobs, or refuses many; the message says how."""


@dataclass
class Load:
    """Keeps `n_open` jobs open at `url`. `body` is a job's, without its input and seed."""

    url: str
    n_open: int
    body: dict[str, Any]
    texts: Iterator[str]
    ended: list[Ended] = field(default_factory=list)
    n_posted: int = 0
    n_refused: int = 0
    # A seed of its own for each job: a text that was spoken before with the same seed is taken from storage.
    _first_seed: int = field(default_factory=lambda: random.getrandbits(48))
    _stopping: bool = False

    async def run(self, story: Callable[["Load"], Awaitable[None]]) -> None:
        """`story` is awaited while the load goes on; once it is done nothing is posted, and what is open is waited for. Raises
        LoadFailed or PeerLost, at once."""
        clients = [asyncio.create_task(self._client(n)) for n in range(self.n_open)]
        told = asyncio.ensure_future(story(self))
        try:
            await asyncio.wait([told, *clients], return_when=asyncio.FIRST_COMPLETED)
            if not told.done():
                await asyncio.gather(*(client for client in clients if client.done()))
                raise LoadFailed(f"{MOST_JOBS} jobs were posted, the most that a bench may.")
            await told
            self._stopping = True
            await asyncio.gather(*clients)
        finally:
            for task in (told, *clients):
                task.cancel()
            await asyncio.gather(told, *clients, return_exceptions=True)

    async def _client(self, n: int) -> None:
        await asyncio.sleep(n * _BETWEEN_CLIENTS_S)
        peer = Peer(self.url)
        try:
            while not self._stopping and self.n_posted < MOST_JOBS:
                self.n_posted += 1
                seed = self._first_seed + self.n_posted
                self.ended.append(await self._job(peer, {**self.body, "input": next(self.texts), "seed": seed}))
        finally:
            peer.close()

    async def _job(self, peer: Peer, body: dict[str, Any]) -> Ended:
        posted_s, answer = await self._accepted(peer, body)
        accepted_s = time.perf_counter()
        job = answer.json
        while job["status"] not in ENDS:
            answer = await peer.ask("GET", f"{JOBS_PATH}/{job['id']}", headers=_WAIT)
            if answer.status != 200:
                raise LoadFailed(f"the producer answered {answer.status} when asked for a job: {answer.text[:300]}")
            job = answer.json
        audio_s = job["output"]["duration_seconds"] if job["output"] else 0.0
        error = "" if job["status"] == "completed" else (job["error"] or {}).get("message") or job["status"]
        return Ended(job["id"], posted_s, accepted_s, time.perf_counter(), audio_s, error)

    async def _accepted(self, peer: Peer, body: dict[str, Any]) -> tuple[float, Answer]:
        """The 202, and when it was asked for. Whoever is refused (429, 503) comes again."""
        while True:
            posted_s = time.perf_counter()
            answer = await peer.ask("POST", JOBS_PATH, body)
            if answer.status == 202:
                return posted_s, answer
            self.n_refused += 1
            if answer.status not in (429, 503) or self.n_refused > MOST_REFUSED:
                raise LoadFailed(f"the producer answered {answer.status} to a job: {answer.text[:300]}")
            await asyncio.sleep(_AFTER_REFUSAL_S)
