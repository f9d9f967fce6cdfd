"""A webhook endpoint that misbehaves when it is told to. What comes is verified by the `standardwebhooks` library as it arrives:
its signature holds for five minutes only."""

import asyncio
from dataclasses import dataclass
from enum import Enum, auto
from typing import Any

from standardwebhooks import Webhook, WebhookVerificationError

from speechmill.cli.chaos.s3_proxy import HOST, Head

_OK = b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"
_ERROR = b"HTTP/1.1 500 Internal Server Error\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"
_LONGEST_HANG_S = 60.0


class Manners(Enum):
    TAKE = auto()
    ERROR = auto()
    HANG = auto()
    CLOSE = auto()


@dataclass(slots=True)
class Received:
    """One event, however often it came. `n_taken`: the posts that were answered 200."""

    job_id: str
    type: str
    sha256: str
    n_posts: int = 0
    n_taken: int = 0


class Receiver:
    """`events` by id; `forged`: ids of those that nobody with the secret has signed, or that changed from post to post."""

    def __init__(self, secret: str) -> None:
        self.events: dict[str, Received] = {}
        self.forged: list[str] = []
        self._webhook = Webhook(secret)
        self._manners = Manners.TAKE
        self._well = asyncio.Event()
        self._well.set()
        self._listener: asyncio.Server | None = None

    @property
    def url(self) -> str:
        assert self._listener, "it does not listen yet"
        return f"http://{HOST}:{self._listener.sockets[0].getsockname()[1]}/hook"

    async def listen(self) -> None:
        self._listener = await asyncio.start_server(self._connected, HOST, 0)

    def turn(self, manners: Manners) -> None:
        self._manners = manners
        if manners is Manners.HANG:
            self._well.clear()
        else:
            self._well.set()

    def close(self) -> None:
        self._well.set()
        if self._listener:
            self._listener.close()

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await self._serve(reader, writer)
        except (OSError, EOFError, asyncio.LimitOverrunError, TimeoutError):
            pass  # The other side has given up, as it may.
        finally:
            writer.transport.abort() if self._manners is Manners.CLOSE else writer.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await Head.read(reader)
        body = await reader.readexactly(head.length)
        manners = self._manners
        event = self._note(head, body)
        if manners is Manners.CLOSE:
            return
        if manners is Manners.HANG:
            await asyncio.wait_for(self._well.wait(), _LONGEST_HANG_S)
            return
        writer.write(_OK if manners is Manners.TAKE else _ERROR)
        await writer.drain()
        if manners is Manners.TAKE and event:
            event.n_taken += 1

    def _note(self, head: Head, body: bytes) -> Received | None:
        headers = _headers(head.raw)
        event_id = headers.get("webhook-id", "")
        try:
            told: dict[str, Any] = self._webhook.verify(body, headers)
            job = told["data"]
            seen = Received(job["id"], told["type"], (job["output"] or {}).get("sha256", ""))
        except (WebhookVerificationError, ValueError, KeyError, TypeError):
            self.forged.append(event_id)
            return None
        event = self.events.setdefault(event_id, seen)
        if (event.job_id, event.type, event.sha256) != (seen.job_id, seen.type, seen.sha256) or told["id"] != event_id:
            self.forged.append(event_id)
        event.n_posts += 1
        return event


def _headers(head: bytes) -> dict[str, str]:
    lines = head.decode("latin-1").split("\r\n")[1:]
    return {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines if line)}
