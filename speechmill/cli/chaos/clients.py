"""The load: clients that each live one small story after the other, and write down what they saw."""

import asyncio
import hashlib
import random
import time
from collections.abc import Awaitable, Callable
from typing import Any

import httpx

from speechmill.cli.chaos.ledger import Entry, Ledger, Story
from speechmill.cli.chaos.texts import Texts

JOBS = "/v1/audio/speech/jobs"
SYNC = "/v1/audio/speech"
TIMEOUT_S = 20.0
LONGEST_WATCH_S = 20.0
WATCH_S = 2
"""A client looks again after that long, s; and gives up watching, not the job, after the other."""
AGAIN_S = 0.3
"""Before what was refused or lost is tried again."""

WEIGHTS = {Story.SHORT: 30, Story.LONG: 8, Story.SYNC: 14, Story.TWINS: 5, Story.CANCEL: 8, Story.DEADLINE: 4, Story.DELETE: 5,
           Story.HANG_UP: 6, Story.SYNC_HANG_UP: 6}


class Clients:
    """All clients, on one event loop. `hook_url` is where events are to go."""

    def __init__(self, base_url: str, hook_url: str, ledger: Ledger, seed: int) -> None:
        self._ledger = ledger
        self._hook = {"url": hook_url}
        self._draw = random.Random(seed)  # noqa: S311  no secret
        self._texts = Texts(self._draw)
        self._seed = seed
        self._http = httpx.AsyncClient(base_url=base_url, timeout=TIMEOUT_S, trust_env=False,
                                       limits=httpx.Limits(max_connections=None))
        self._over = asyncio.Event()
        self._tasks: list[asyncio.Task[None]] = []
        self._lives: dict[Story, Callable[[Entry], Awaitable[None]]] = {
            Story.SHORT: self._short, Story.LONG: self._watched, Story.SYNC: self._sync, Story.TWINS: self._twins,
            Story.CANCEL: self._cancel, Story.DEADLINE: self._deadline, Story.DELETE: self._delete,
            Story.HANG_UP: self._hang_up, Story.SYNC_HANG_UP: self._sync_hang_up, Story.POISON: self._watched}

    def start(self, n_clients: int) -> None:
        self._tasks += [asyncio.create_task(self._live()) for _ in range(n_clients)]

    def poison(self) -> None:
        """One more client, which posts what kills workers."""
        self._tasks.append(asyncio.create_task(self._tell(Story.POISON)))

    async def finish(self, patience_s: float) -> None:
        """No story is begun any more; those under way are told to their end. Raises what a client has raised."""
        self._over.set()
        _, late = await asyncio.wait(self._tasks, timeout=patience_s)
        for task in late:
            task.cancel()
        await asyncio.gather(*late, return_exceptions=True)
        for task in self._tasks:
            if not task.cancelled():
                task.result()

    async def close(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._http.aclose()

    async def _live(self) -> None:
        while not self._over.is_set():
            await self._tell(self._draw.choices(tuple(WEIGHTS), tuple(WEIGHTS.values()))[0])
            await asyncio.sleep(self._draw.uniform(0.1, 0.6))

    async def _tell(self, story: Story) -> None:
        sync = story in (Story.SYNC, Story.SYNC_HANG_UP)
        key = "" if sync else f"chaos-{self._seed}-{len(self._ledger.entries)}"
        await self._lives[story](self._ledger.open(story, key, wants_event=not sync))

    # The stories ------------------------------------------------------------------------------------------------------------

    async def _short(self, entry: Entry) -> None:
        body = self._body(entry)
        if await self._post(entry, body):
            await self._watch(entry)
            if self._draw.random() < 0.2:
                await self._post(entry, body)  # the same key after the end: the same job

    async def _watched(self, entry: Entry) -> None:
        if await self._post(entry, self._body(entry)):
            await self._watch(entry)

    async def _twins(self, entry: Entry) -> None:
        body = self._body(entry)
        if any(await asyncio.gather(self._post(entry, body), self._post(entry, body))):
            await self._watch(entry)

    async def _hang_up(self, entry: Entry) -> None:
        body = self._body(entry)
        try:
            async with asyncio.timeout(self._draw.uniform(0.0, 0.03)):
                await self._post(entry, body)
        except TimeoutError:
            self._ledger.answers["hung up"] += 1
        await self._post(entry, body)

    async def _cancel(self, entry: Entry) -> None:
        if not await self._post(entry, self._body(entry)):
            return
        await asyncio.sleep(self._draw.uniform(0.0, 1.5))
        entry.cancel_asked = True
        answer = await self._ask_until("POST", f"{JOBS}/{entry.job_id}/cancel", (200, 409))
        if answer is not None and answer.status_code == 200:
            self._ledger.told(entry, answer.json(), time.monotonic())
        await self._watch(entry)

    async def _deadline(self, entry: Entry) -> None:
        if await self._post(entry, self._body(entry) | {"deadline": self._draw.randint(1, 3)}):
            await self._watch(entry)

    async def _delete(self, entry: Entry) -> None:
        if not await self._post(entry, self._body(entry)):
            return
        await self._watch(entry)
        if entry.status == "completed":
            entry.deletion_asked = True
            answer = await self._ask_until("DELETE", f"{JOBS}/{entry.job_id}", (200, 404))
            entry.deleted = answer is not None

    async def _sync(self, entry: Entry) -> None:
        answer = await self._ask("POST", SYNC, json=self._body(entry))
        if answer is None or answer.status_code == 503:
            return
        entry.job_id = answer.headers.get("x-speech-job-id", "")
        now_s = time.monotonic()
        if answer.status_code == 200:
            self._ledger.accepted(entry, entry.job_id, now_s)
            self._ledger.ended(entry, "completed", hashlib.sha256(answer.content).hexdigest(), now_s)
        elif answer.status_code == 500 and entry.job_id:
            entry.error_code = answer.json()["error"]["code"]
            self._ledger.ended(entry, "failed", "", now_s)
        else:
            self._surprised(answer)

    async def _sync_hang_up(self, entry: Entry) -> None:
        try:
            async with asyncio.timeout(self._draw.uniform(0.0, 0.3)):
                await self._sync(entry)
        except TimeoutError:
            self._ledger.answers["hung up"] += 1

    # What they are made of --------------------------------------------------------------------------------------------------

    def _body(self, entry: Entry) -> dict[str, Any]:
        text = {Story.LONG: self._texts.long, Story.CANCEL: self._texts.either, Story.DEADLINE: self._texts.either,
                Story.POISON: self._texts.poison}.get(entry.story, self._texts.short)()
        hook = {"webhook": self._hook} if entry.wants_event else {}
        return {"input": text, "voice": "alloy", "response_format": self._texts.format(), **hook}

    async def _post(self, entry: Entry, body: dict[str, Any]) -> bool:
        """POST until it is accepted, always under the same key. False when patience ended before."""
        answer = await self._ask_until("POST", JOBS, (202,), json=body, headers={"Idempotency-Key": entry.key})
        if answer is None:
            return False
        self._ledger.accepted(entry, answer.json()["id"], time.monotonic())
        return True

    async def _watch(self, entry: Entry) -> None:
        """Until it has ended, or for a while; then its audio, if storage gives it."""
        deadline = time.monotonic() + LONGEST_WATCH_S
        while not entry.status and time.monotonic() < deadline:
            answer = await self._ask("GET", f"{JOBS}/{entry.job_id}", headers={"Prefer": f"wait={WATCH_S}"})
            if answer is not None and answer.status_code == 200:
                self._ledger.told(entry, answer.json(), time.monotonic())
            else:
                self._surprised_unless(answer, 503)
                await asyncio.sleep(AGAIN_S)
        if entry.status == "completed":
            audio = await self._ask("GET", f"{JOBS}/{entry.job_id}/content", follow_redirects=True)
            if audio is not None and audio.status_code == 200:
                self._ledger.heard(entry, hashlib.sha256(audio.content).hexdigest())

    async def _ask_until(self, method: str, path: str, wanted: tuple[int, ...], **options: Any) -> httpx.Response | None:
        """None when it was refused or lost for too long, or refused for good."""
        deadline = time.monotonic() + LONGEST_WATCH_S
        while time.monotonic() < deadline:
            answer = await self._ask(method, path, **options)
            if answer is not None and answer.status_code in wanted:
                return answer
            if answer is not None and answer.status_code != 503:
                self._surprised(answer)
                return None
            await asyncio.sleep(AGAIN_S)
        return None

    async def _ask(self, method: str, path: str, **options: Any) -> httpx.Response | None:
        """None when no whole answer came."""
        begun_s = time.monotonic()
        try:
            answer = await self._http.request(method, path, **options)
        except httpx.HTTPError as error:
            self._ledger.answers[type(error).__name__] += 1
            return None
        self._ledger.answers[str(answer.status_code)] += 1
        if answer.status_code == 503 and path == JOBS:  # others wait for a job first
            self._ledger.slowest_503_s = max(self._ledger.slowest_503_s, time.monotonic() - begun_s)
        return answer

    def _surprised_unless(self, answer: httpx.Response | None, excused: int) -> None:
        if answer is not None and answer.status_code != excused:
            self._surprised(answer)

    def _surprised(self, answer: httpx.Response) -> None:
        asked = answer.request
        self._ledger.surprises.append(f"{asked.method} {asked.url.path}: {answer.status_code} {answer.text[:200]}")
