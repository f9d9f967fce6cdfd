"""The producer's HTTP interface, as the commands use it. Every trouble becomes a Failure with the server's own message."""

import hashlib
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from typing import IO, Any, Self
from urllib.parse import quote, urlsplit

import httpx

from speechmill.cli.exits import Exit, Failure
from speechmill.cli.whole_file import whole_file

JobView = dict[str, Any]
"""A job object, as the server sends it."""

JOBS = "/v1/audio/speech/jobs"
DELIVERIES = "/v1/webhooks/deliveries"
LEXICONS = "/v1/audio/lexicons"
CLIENT_KEY = "SPEECHMILL_API_KEY"
"""The environment variable with the key to show. (Importing speechmill.settings for its name would cost a tenth of a second.)"""
TIMEOUT = httpx.Timeout(30, connect=5)
EXITS: dict[int, Exit] = {
    HTTPStatus.NOT_FOUND: Exit.NOT_FOUND, HTTPStatus.GONE: Exit.NOT_FOUND, HTTPStatus.TOO_MANY_REQUESTS: Exit.UNAVAILABLE,
    HTTPStatus.BAD_GATEWAY: Exit.UNAVAILABLE, HTTPStatus.SERVICE_UNAVAILABLE: Exit.UNAVAILABLE,
    HTTPStatus.GATEWAY_TIMEOUT: Exit.TIMEOUT,
    **dict.fromkeys(range(520, 527), Exit.UNAVAILABLE),  # Cloudflare's, of a server that it does not reach
}


NOT_REPLAYED = ("webhook_endpoint_disabled", "job_gone", "event_not_found", "event_delivered")
"""Why an event that was listed as dead cannot be sent again: it never could, or no longer can."""


@dataclass(frozen=True)
class Look:
    """A job, and the ETag of this state of it."""

    job: JobView
    etag: str


class Api:
    """A connection to the producer at `url`. Raises Failure: USAGE for what it refuses, NOT_FOUND, UNAVAILABLE, TIMEOUT."""

    collection = JOBS
    """Where the jobs lie that are looked at, listed, cancelled and tried again."""

    def __init__(self, url: str) -> None:
        self.url = url.rstrip("/")
        parts = urlsplit(self.url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise Failure(f"{url!r} is no address of a server; it should look like http://127.0.0.1:8000.", Exit.USAGE)
        # A proxy that the environment names is for the world outside, and cannot reach this machine's loopback.
        loopback = parts.hostname == "localhost" or parts.hostname.startswith("127.") or parts.hostname == "::1"
        self._http = httpx.Client(base_url=self.url, timeout=TIMEOUT, trust_env=not loopback,
                                  headers={"User-Agent": "speechmill-cli", **_authorization()})

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._http.close()

    def create(self, body: dict[str, Any], key: str) -> JobView:
        """Submit a job. The same idempotency `key` gives the same job again."""
        return self._json("POST", JOBS, json=body, headers={"Idempotency-Key": key})

    def job(self, job_id: str) -> JobView:
        return self._json("GET", self._path(job_id))

    def look(self, job_id: str, *, wait_s: int | None = None, known: str = "") -> Look | None:
        """The job; with `wait_s` once it has ended, or, where `known` is an ETag, changed. None: still as known."""
        headers = {} if wait_s is None else {"Prefer": f"wait={wait_s}"}
        if known:
            headers["If-None-Match"] = known
        timeout = httpx.Timeout(30 + (wait_s or 0), connect=5)
        answer = self._answer("GET", self._path(job_id), headers=headers, timeout=timeout)
        if answer.status_code == HTTPStatus.NOT_MODIFIED:
            return None
        return Look(_object(answer), answer.headers.get("etag", ""))

    def jobs(self, **query: str | int) -> dict[str, Any]:
        """A page of jobs: {data, has_more, first_id, last_id}."""
        return self._json("GET", self.collection, params=query)

    def cancel(self, job_id: str) -> JobView:
        return self._json("POST", f"{self._path(job_id)}/cancel")

    def retry(self, job_id: str) -> JobView:
        return self._json("POST", f"{self._path(job_id)}/retry")

    def lexicons(self) -> dict[str, Any]:
        """All of this tenant's: {data}."""
        return self._json("GET", LEXICONS)

    def lexicon(self, name: str) -> dict[str, Any]:
        """With its entries, as `content`."""
        return self._json("GET", f"{LEXICONS}/{quote(name, safe='')}")

    def put_lexicon(self, name: str, content: bytes) -> dict[str, Any]:
        return self._json("PUT", f"{LEXICONS}/{quote(name, safe='')}", content=content)

    def delete_lexicon(self, name: str) -> None:
        self._json("DELETE", f"{LEXICONS}/{quote(name, safe='')}")

    def dead_events(self, **query: str | int) -> dict[str, Any]:
        """A page of webhook events that were given up: {data, has_more, first_id, last_id}."""
        return self._json("GET", DELIVERIES, params={"state": "dead", **query})

    def replay(self, event_id: str) -> None:
        """Send a webhook event again that was given up."""
        self._json("POST", f"{DELIVERIES}/{one_name(event_id, 'event', 'evt_0199c0ffee')}/replay")

    def replay_all(self) -> int:
        """All of them but those whose job is no longer kept, or whose endpoint is disabled; returns how many there were."""
        n_replayed, after = 0, ""
        while True:
            page = self.dead_events(limit=100, after=after)
            for event in page["data"]:
                if event["url"] is not None and self._replayed(event["id"]):
                    n_replayed += 1
                else:
                    after = event["id"]  # what was replayed is dead no more, and no place to go on after
            if not page["has_more"]:
                return n_replayed

    def _replayed(self, event_id: str) -> bool:
        try:
            self.replay(event_id)
        except Failure as failure:
            if failure.code not in NOT_REPLAYED:
                raise
            return False
        return True

    def download(self, job: JobView, target: Path) -> None:
        """Write a completed job's audio to `target`, which appears whole or not at all."""
        self.save(f"{self._path(job['id'])}/content", target, sha256=job["output"]["sha256"])

    def save_variant(self, job: JobView, variant: str, target: Path) -> None:
        """Write what else there is of a completed job to `target`: timestamps, srt, vtt."""
        self.save(f"{self._path(job['id'])}/content?variant={variant}", target)

    def save(self, path: str, target: Path, *, sha256: str = "") -> None:
        """Write what lies at `path` to `target`, which appears whole or not at all, and only with this SHA-256 if given."""
        try:
            with whole_file(target) as file:
                self._stream(path, file, sha256)
        except OSError as error:
            raise Failure(f"cannot write {target}: {error.strerror or error}.") from None

    def stream(self, job: JobView, file: IO[bytes]) -> None:
        """Write a completed job's audio to `file`, and compare its SHA-256 with what the job says."""
        self._stream(f"{self._path(job['id'])}/content", file, job["output"]["sha256"])

    def _stream(self, path: str, file: IO[bytes], sha256: str) -> None:
        digest = hashlib.sha256()
        with self._calling(), self._http.stream("GET", path, follow_redirects=True) as answer:
            if answer.is_error:
                answer.read()
                raise _refusal(answer)
            for piece in answer.iter_bytes():
                digest.update(piece)
                file.write(piece)
        if sha256 and digest.hexdigest() != sha256:
            raise Failure("the audio was damaged on its way: its SHA-256 is not the one that the job names. Try again.")

    def _path(self, job_id: str) -> str:
        return f"{self.collection}/{one_name(job_id)}"

    def _json(self, method: str, path: str, **options: Any) -> dict[str, Any]:
        return _object(self._answer(method, path, **options))

    def _answer(self, method: str, path: str, **options: Any) -> httpx.Response:
        with self._calling():
            answer = self._http.request(method, path, **options)
        if answer.is_error:
            raise _refusal(answer)
        return answer

    @contextmanager
    def _calling(self) -> Iterator[None]:
        try:
            yield
        except httpx.TimeoutException:
            raise Failure(f"{self.url} does not answer in time.", Exit.UNAVAILABLE) from None
        except httpx.TransportError as error:
            raise Failure(f"nothing answers at {self.url} ({error}). `speechmill up` starts a server here; --url or "
                          "SPEECHMILL_URL names another one.", Exit.UNAVAILABLE) from None


def _object(answer: httpx.Response) -> dict[str, Any]:
    try:
        body = answer.json()
    except ValueError:
        body = None
    if not isinstance(body, dict):
        raise Failure(f"what answers at {answer.url} is not speechmill.", Exit.UNAVAILABLE)
    return body


def _refusal(answer: httpx.Response) -> Failure:
    try:
        error = answer.json()["error"]
        message, code = str(error["message"]), str(error.get("code") or "")
    except (ValueError, KeyError, TypeError, AttributeError):
        message, code = f"{answer.url} answered {answer.status_code} {answer.reason_phrase}.".replace(" .", "."), ""
    if answer.status_code == HTTPStatus.UNAUTHORIZED:
        message += f" (This program shows the one in {CLIENT_KEY}.)"
    if answer.status_code == HTTPStatus.GATEWAY_TIMEOUT and answer.request.method == "GET":
        exit = Exit.UNAVAILABLE  # a proxy's word; the server itself says it only to who waits for speech
    else:
        exit = EXITS.get(answer.status_code, Exit.FAILED if answer.is_server_error else Exit.USAGE)
    return Failure(" ".join(message.split()), exit, code)


def _authorization() -> dict[str, str]:
    """From the environment alone: what stands on a command line, others on the machine can read."""
    key = os.environ.get(CLIENT_KEY, "")
    return {"Authorization": f"Bearer {key}"} if key else {}


def one_name(name: str, what: str = "job", like: str = "speech_0199c0ffee") -> str:
    """`name` as one part of a path. Raises Failure for what cannot be the id of anything."""
    if not name.replace("_", "").isalnum() or not name.isascii():
        raise Failure(f"there is no {what} {name!r}; ids look like {like}.", Exit.NOT_FOUND)
    return name
