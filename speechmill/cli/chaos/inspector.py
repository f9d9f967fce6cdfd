"""Looks at the system when all is over, as a client and an operator would: every job, every result, the metrics."""

import asyncio
import hashlib
import re
from collections.abc import Iterable
from typing import Any

import httpx

from speechmill.cli.chaos.audit import Seen
from speechmill.cli.chaos.clients import JOBS

AT_ONCE = 8
PAGE = 100
TIMEOUT_S = 30.0
TRIES = 3
OPEN = ("queued", "in_progress", "cancelling")
EMPTY = ("speech_queue_depth", "speech_queue_characters", "speech_units_leased", "speech_outbox_events")
"""Metrics that are 0 when nothing is left to do."""


class Inspector:
    def __init__(self, base_url: str) -> None:
        self._http = httpx.AsyncClient(base_url=base_url, timeout=TIMEOUT_S, trust_env=False)

    async def close(self) -> None:
        await self._http.aclose()

    async def unsettled(self) -> str:
        """What is still going on, in words; empty when nothing is."""
        try:
            for status in OPEN:
                page = await self._get(f"{JOBS}?limit=1&status={status}")
                if page["data"]:
                    return f"{page['data'][0]['id']} is {status}"
            gauges = await self.gauges()
        except httpx.HTTPError as error:
            return f"the producer does not answer ({type(error).__name__})"
        return ", ".join(f"{name} is {value:g}" for name, value in gauges.items() if value)

    async def gauges(self) -> dict[str, float | None]:
        """The sums over all queues of the metrics that must be 0; None where there is no such metric."""
        text = await self._metrics()
        declared = set(re.findall(r"^# TYPE (\w+)", text, re.MULTILINE))
        return {name: _sum(text, name) if name in declared else None for name in EMPTY}

    async def counted(self) -> dict[str, float]:
        """Jobs by what became of them."""
        text = await self._metrics()
        return {status: float(value) for status, value in
                re.findall(r'^speech_jobs_total{status="(\w+)"} (\S+)', text, re.MULTILINE)}

    async def jobs(self) -> dict[str, Seen]:
        """Every job there is, with what its content is."""
        seen: dict[str, Seen] = {}
        after = ""
        while True:
            page = await self._get(f"{JOBS}?limit={PAGE}&order=asc&after={after}")
            for job, found in zip(page["data"], await self._look_at(page["data"]), strict=True):
                seen[job["id"]] = found
            if not page["has_more"]:
                return seen
            after = page["last_id"]

    async def _look_at(self, jobs: Iterable[dict[str, Any]]) -> list[Seen]:
        room = asyncio.Semaphore(AT_ONCE)

        async def look(job: dict[str, Any]) -> Seen:
            async with room:
                return await self._seen(job)

        return await asyncio.gather(*map(look, jobs))

    async def _seen(self, job: dict[str, Any]) -> Seen:
        status, audio_sha256 = await self._content(job["id"])
        return Seen(job["status"], sha256=(job["output"] or {}).get("sha256", ""),
                    error_code=(job["error"] or {}).get("code", ""), content_status=status, audio_sha256=audio_sha256)

    async def _content(self, job_id: str) -> tuple[int, str]:
        """How /content ends, redirects followed, and the SHA-256 of what came with a 200. Nothing is broken any more, so what
        cannot be read in a few tries cannot be read."""
        status = 0
        for _ in range(TRIES):
            try:
                answer = await self._http.get(f"{JOBS}/{job_id}/content", follow_redirects=True)
            except httpx.HTTPError:
                continue
            status = answer.status_code
            if status == 200:
                return status, hashlib.sha256(answer.content).hexdigest()
            if status < 500:
                break
        return status, ""

    async def _metrics(self) -> str:
        answer = await self._http.get("/metrics")
        return answer.raise_for_status().text

    async def _get(self, path: str) -> dict[str, Any]:
        answer = await self._http.get(path)
        found: dict[str, Any] = answer.raise_for_status().json()
        return found


def _sum(metrics: str, name: str) -> float:
    return sum(float(value) for value in re.findall(rf"^{name}(?:{{.*}})? (\S+)$", metrics, re.MULTILINE))
