"""A crowd of clients that wait, a process of its own: `python -m speechmill.cli.bench.clients.crowd`, an Order as JSON in the
first line of stdin. It writes `open` once all are waiting, stays until stdin ends, and then writes a Stay as JSON.

Bare asyncio protocols: thousands of clients must cost little beside the server that is measured.
"""

import asyncio
import json
import resource
import sys
from dataclasses import asdict, dataclass
from typing import cast

AT_ONCE = 64
"""Connections that are being made at the same time: more would overrun any listen queue."""
OPEN_S = 120.0
SPARE_FILES = 64


@dataclass(frozen=True)
class Order:
    """`clients` connections to `jobs`, by turns: every other one follows the job's events, the others poll it and wait."""

    host: str
    port: int
    jobs: list[str]
    clients: int


@dataclass
class Stay:
    """How it went: polls that were answered and sent anew, heartbeats and events that were heard, connections that broke."""

    polls: int = 0
    heard: int = 0
    broken: int = 0


class Client(asyncio.Protocol):
    """One connection. `open` is done when the server has begun to answer, or, of a poll, has its request."""

    def __init__(self, request: bytes, stay: Stay, *, polls: bool) -> None:
        self.open: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._request = request
        self._stay = stay
        self._polls = polls
        self._leaving = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        self._transport.write(self._request)
        if self._polls:
            self._is_open()

    def data_received(self, data: bytes) -> None:
        if not self._polls:
            self._stay.heard += 1
            self._is_open()
        elif data.startswith(b"HTTP/1.1 "):  # its body may come in pieces, its head does not
            self._stay.polls += 1
            self._transport.write(self._request)

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - however it was lost
        if not self._leaving:
            self._stay.broken += 1
            self._is_open()

    def leave(self) -> None:
        self._leaving = True
        self._transport.abort()

    def _is_open(self) -> None:
        if not self.open.done():
            self.open.set_result(None)


async def wait_together(order: Order, stdin: asyncio.StreamReader) -> Stay:
    stay = Stay()
    gate = asyncio.Semaphore(AT_ONCE)
    clients: list[Client] = []

    async def come_in(n: int) -> None:
        job = order.jobs[n // 2 % len(order.jobs)]
        polls = n % 2 == 1
        async with gate:
            _, client = await asyncio.get_running_loop().create_connection(
                lambda: Client(_request(order, job, polls=polls), stay, polls=polls), order.host, order.port)
            clients.append(client)
            await asyncio.wait_for(client.open, OPEN_S)

    await asyncio.gather(*(come_in(n) for n in range(order.clients)))
    sys.stdout.write("open\n")
    sys.stdout.flush()
    await stdin.read()
    for client in clients:
        client.leave()
    await asyncio.sleep(0)
    return stay


def _request(order: Order, job: str, *, polls: bool) -> bytes:
    path, more = (job, "Prefer: wait=60\r\n") if polls else (f"{job}/events", "Accept: text/event-stream\r\n")
    return f"GET {path} HTTP/1.1\r\nHost: {order.host}:{order.port}\r\n{more}\r\n".encode()


async def _main() -> None:
    stdin = asyncio.StreamReader()
    await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(stdin), sys.stdin)
    order = Order(**json.loads(await stdin.readline()))
    wanted = order.clients + SPARE_FILES
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    if most != resource.RLIM_INFINITY and most < wanted:
        raise SystemExit(f"{order.clients} clients need {wanted} open files; at most {most} are allowed here (ulimit -Hn)")
    resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, most))
    stay = await wait_together(order, stdin)
    sys.stdout.write(json.dumps(asdict(stay)) + "\n")


if __name__ == "__main__":
    asyncio.run(_main())
