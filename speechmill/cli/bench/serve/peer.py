"""One keep-alive connection to the producer, for one client of the load: HTTP/1.1 as our producer speaks it, with a length on
every answer. A pool of connections costs more CPU than all that it asks for, and the load shares the machine with what it
measures.
"""

import asyncio
import json
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from speechmill.cli.bench.load import content_length

_ANSWER_S = 60.0


class PeerLost(Exception):
    """The producer went away, took too long, or did not answer in HTTP."""


@dataclass(frozen=True)
class Answer:
    status: int
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def text(self) -> str:
        return self.body.decode("utf-8", "replace")


class Peer:
    """Opened with the first request. One request at a time."""

    def __init__(self, url: str) -> None:
        at = urlsplit(url)
        self._host, self._port = at.hostname or "127.0.0.1", at.port or 80
        self._streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def ask(self, method: str, path: str, body: dict[str, Any] | None = None, headers: str = "") -> Answer:
        """`headers`: lines, each with its end. Raises PeerLost."""
        content = b"" if body is None else json.dumps(body).encode()
        head = (f"{method} {path} HTTP/1.1\r\nHost: {self._host}:{self._port}\r\nContent-Type: application/json\r\n"
                f"Content-Length: {len(content)}\r\n{headers}\r\n")
        try:
            return await asyncio.wait_for(self._answer(head.encode() + content), _ANSWER_S)
        except (OSError, EOFError, TimeoutError, ValueError, asyncio.LimitOverrunError) as error:
            raise PeerLost(f"the producer at {self._host}:{self._port} does not answer as it should: {error!r}") from error

    def close(self) -> None:
        if self._streams:
            self._streams[1].close()

    async def _answer(self, request: bytes) -> Answer:
        if self._streams is None:
            self._streams = await asyncio.open_connection(self._host, self._port)
        reader, writer = self._streams
        writer.write(request)
        head = await reader.readuntil(b"\r\n\r\n")
        return Answer(int(head[9:12]), await reader.readexactly(content_length(head)))
