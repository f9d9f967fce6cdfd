"""Clients that keep asking while something is done to the system, and remember every answer."""

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field

import httpx

from tests.e2e.stack import Stack

N_SYNC = 3
PAUSE_S = 0.5


@dataclass
class Customers:
    """Three want audio at once, one a job each time. `errors` is all that was not what they asked for."""

    stack: Stack
    n_spoken: int = 0
    jobs: list[str] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)
    _enough: threading.Event = field(default_factory=threading.Event)

    @contextmanager
    def asking(self) -> Iterator[None]:
        """Inside they ask; afterwards each has its last answer. Jobs may still run then."""
        with ThreadPoolExecutor(N_SYNC + 1) as pool:
            asking = [*(pool.submit(self._ask_for_audio, n) for n in range(N_SYNC)), pool.submit(self._ask_for_jobs)]
            try:
                yield
            finally:
                self._enough.set()
        for done in asking:
            done.result()

    def _ask_for_audio(self, customer: int) -> None:
        n = 0
        while not self._enough.wait(PAUSE_S):
            n += 1
            body = {"input": f"Sentence {n} of customer {customer}.", "response_format": "wav"}
            if self._post("/v1/audio/speech", body, 200):
                self.n_spoken += 1

    def _ask_for_jobs(self) -> None:
        while not self._enough.wait(PAUSE_S):
            text = " ".join(f"Sentence {n} of order {len(self.jobs)}, which is cut and joined again." for n in range(8))
            answer = self._post("/v1/audio/speech/jobs", {"input": text}, 202)
            if answer:
                self.jobs.append(answer.json()["id"])

    def _post(self, path: str, body: dict[str, str], wanted: int) -> httpx.Response | None:
        try:
            with self.stack.http as http:
                answer = http.post(path, json=body)
        except httpx.TransportError as error:
            self.errors.append(f"{path}: {error!r}")
            return None
        if answer.status_code == wanted:
            return answer
        self.errors.append(f"{path}: {answer.status_code} {answer.text[:200]}")
        return None
