"""What stands between the system and its S3 server, and breaks what passes: one HTTP request a connection, byte by byte.

The endpoint that requests are signed for is this one's, so nothing of them is altered but Connection, which no signature covers
(Signature Version 4 leaves hop-by-hop headers out).
"""

import asyncio
import re
from contextlib import suppress
from dataclasses import dataclass
from enum import Enum, auto

HOST = "127.0.0.1"
PIECE_BYTES = 64 * 1024
_LENGTH = re.compile(rb"^content-length:[ \t]*(\d+)", re.IGNORECASE | re.MULTILINE)
_CONNECTION = re.compile(rb"^connection:[^\n]*\n", re.IGNORECASE | re.MULTILINE)
_ERROR = b"<?xml version=\"1.0\"?><Error><Code>InternalError</Code><Message>Broken on purpose.</Message></Error>"
_ANSWER_500 = (b"HTTP/1.1 500 Internal Server Error\r\nContent-Type: application/xml\r\nConnection: close\r\n"
               b"Content-Length: %d\r\n\r\n%s" % (len(_ERROR), _ERROR))


class Mode(Enum):
    PASS = auto()
    REFUSE = auto()         # nobody listens; what is open is cut
    HANG = auto()           # connections are accepted, and nothing moves, in the middle of bodies too
    ERROR = auto()          # 500, and the server is not asked
    CUT_REQUESTS = auto()   # half an upload reaches the server, then 500
    CUT_ANSWERS = auto()    # the server has done it, and half of what it says arrives


@dataclass(frozen=True)
class Head:
    """Of a request or an answer. `length`: of its body, bytes; 0 where none is said."""

    raw: bytes

    @property
    def length(self) -> int:
        found = _LENGTH.search(self.raw)
        return int(found[1]) if found else 0

    @property
    def is_interim(self) -> bool:
        """100 Continue (RFC 9110 §15.2): the answer itself follows."""
        return self.raw[9:10] == b"1"

    def closing(self) -> bytes:
        """With `Connection: close`: whoever gets it reads to the end, and nothing here need count."""
        return _CONNECTION.sub(b"", self.raw)[:-2] + b"Connection: close\r\n\r\n"

    @classmethod
    async def read(cls, reader: asyncio.StreamReader) -> "Head":
        """Raises EOFError, OSError, asyncio.LimitOverrunError."""
        return cls(await reader.readuntil(b"\r\n\r\n"))


class S3Proxy:
    """Listens on `port` of loopback; the server is at `server_port`. `n_broken`: requests that it has spoilt."""

    def __init__(self, port: int, server_port: int) -> None:
        self.port = port
        self.n_broken = 0
        self._server_port = server_port
        self._mode = Mode.PASS
        self._moving = asyncio.Event()
        self._moving.set()
        self._listener: asyncio.Server | None = None
        self._open: set[asyncio.StreamWriter] = set()
        self._serving: set[asyncio.Task[None]] = set()

    @property
    def url(self) -> str:
        return f"http://{HOST}:{self.port}"

    async def turn(self, mode: Mode) -> None:
        """From now on: `mode`. PASS is where it begins and ends."""
        self._mode = mode
        if mode is Mode.HANG:
            self._moving.clear()
        else:
            self._moving.set()
        if mode is Mode.REFUSE:
            self._unlisten()
        elif self._listener is None:
            self._listener = await asyncio.start_server(self._connected, HOST, self.port, limit=PIECE_BYTES)

    async def close(self) -> None:
        self._unlisten()
        for task in self._serving:
            task.cancel()
        await asyncio.gather(*self._serving, return_exceptions=True)

    def _unlisten(self) -> None:
        if self._listener:
            self._listener.close()
            self._listener = None
        for writer in list(self._open):
            writer.transport.abort()

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task
        self._serving.add(task)
        self._open.add(writer)
        try:
            await self._serve(reader, writer)
        except (OSError, EOFError, asyncio.LimitOverrunError):
            writer.transport.abort()
        finally:
            self._open.discard(writer)
            self._serving.discard(task)
            writer.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        request = await Head.read(reader)
        await self._moving.wait()
        mode = self._mode
        self.n_broken += mode is not Mode.PASS
        if mode is Mode.ERROR:
            await self._refuse(writer)
            return
        to_read, to_write = await asyncio.open_connection(HOST, self._server_port, limit=PIECE_BYTES)
        try:
            to_write.write(request.closing())
            if mode is Mode.CUT_REQUESTS:
                await self._pass(reader, to_write, request.length // 2)
                await self._refuse(writer)
                return
            upload = asyncio.create_task(self._upload(reader, to_write, request.length))
            try:
                await self._answer(to_read, writer, cut=mode is Mode.CUT_ANSWERS)
            finally:
                upload.cancel()
                await asyncio.gather(upload, return_exceptions=True)
        finally:
            to_write.transport.abort()

    async def _answer(self, source: asyncio.StreamReader, sink: asyncio.StreamWriter, *, cut: bool) -> None:
        head = await Head.read(source)
        while head.is_interim:
            sink.write(head.raw)
            head = await Head.read(source)
        if cut:
            sink.write(head.closing() if head.length else head.raw[:len(head.raw) // 2])
            await self._pass(source, sink, head.length // 2)
            with suppress(OSError):
                await sink.drain()
            sink.transport.abort()
            return
        sink.write(head.closing())
        while piece := await source.read(PIECE_BYTES):
            await self._moving.wait()
            sink.write(piece)
            await sink.drain()

    async def _upload(self, source: asyncio.StreamReader, sink: asyncio.StreamWriter, n_bytes: int) -> None:
        try:
            await self._pass(source, sink, n_bytes)
        except (OSError, EOFError):
            # Who uploads has gone, and the server must not wait for the rest: nor would we, for its answer.
            sink.transport.abort()

    async def _pass(self, source: asyncio.StreamReader, sink: asyncio.StreamWriter, n_bytes: int) -> None:
        """Raises EOFError when fewer bytes come."""
        while n_bytes > 0:
            piece = await source.read(min(n_bytes, PIECE_BYTES))
            if not piece:
                raise EOFError
            await self._moving.wait()
            sink.write(piece)
            await sink.drain()
            n_bytes -= len(piece)

    async def _refuse(self, writer: asyncio.StreamWriter) -> None:
        writer.write(_ANSWER_500)
        await writer.drain()
