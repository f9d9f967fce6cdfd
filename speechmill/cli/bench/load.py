"""The load generator, a process of its own: `python -m speechmill.cli.bench.load`, an Order as JSON on stdin, a Result on stdout.

Bare asyncio protocols and one request made in advance: the generator must cost little beside what it measures, since both run
on the same machine. Its own CPU is part of the result.
"""

import asyncio
import json
import sys
import time
from contextlib import suppress
from dataclasses import asdict, dataclass
from typing import Any, cast

MOST_CONNECTIONS = 512
MOST_REQUESTS = 200_000
GRACE_S = 10.0
"""How long answers may take after the time is over."""


@dataclass(frozen=True)
class Order:
    """POST `body` (JSON text) to `path` for `seconds`. With `rate_per_s` 0, `connections` each send the next request once the
    last is answered; else requests leave at that rate whatever the answers do, on as many connections as that takes."""

    host: str
    port: int
    path: str
    body: str
    seconds: float
    connections: int = 32
    rate_per_s: float = 0.0


@dataclass(frozen=True)
class Result:
    """`accepted`: answers 202. Latencies count from the moment a request was due, so that a stall is charged to all that it
    held up. `cpu_share`: CPU of the generator over wall time; 1 is a whole core."""

    accepted: int
    refused: int
    seconds: float
    per_s: float
    p50_ms: float
    p99_ms: float
    max_ms: float
    cpu_share: float


class Connection(asyncio.Protocol):
    """One keep-alive connection with at most one request in flight."""

    def __init__(self, load: "Load") -> None:
        self._load = load
        self._buffer = b""
        self._due_s: float | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)

    def send(self, request: bytes, due_s: float) -> None:
        self._due_s = due_s
        self._transport.write(request)

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        end = self._buffer.find(b"\r\n\r\n") + 4
        if end < 4 or len(self._buffer) < end + content_length(self._buffer[:end]):
            return
        accepted = self._buffer[9:12] == b"202"
        self._buffer = b""
        due_s, self._due_s = self._due_s, None
        if due_s is not None:
            self._load.answered(self, accepted, time.perf_counter() - due_s)

    def connection_lost(self, error: Exception | None) -> None:  # noqa: ARG002  asyncio's signature
        if self._due_s is not None:
            self._load.lost()

    def close(self) -> None:
        self._due_s = None
        self._transport.close()


class Load:
    """One run of an order."""

    def __init__(self, order: Order) -> None:
        self._order = order
        body = order.body.encode()
        self._request = (f"POST {order.path} HTTP/1.1\r\nHost: {order.host}:{order.port}\r\nContent-Type: application/json\r\n"
                         f"Content-Length: {len(body)}\r\n\r\n").encode() + body
        self._connections: list[Connection] = []
        self._idle: list[Connection] = []
        self._latencies_s: list[float] = []
        self._refused = 0
        self._sent = 0
        self._until_s = 0.0
        self._last_s = 0.0
        self._all_sent = False
        self._over = asyncio.Event()

    async def run(self) -> Result:
        for _ in range(self._order.connections):
            self._idle.append(await self._connect())
        cpu_s, began_s = time.process_time(), time.perf_counter()
        self._until_s = began_s + self._order.seconds
        if self._order.rate_per_s:
            await self._send_paced(began_s)
        else:
            while self._idle:
                self._send(time.perf_counter())
        self._all_sent = True  # in the unpaced run: from here on each answer sends the next
        with suppress(TimeoutError):
            await asyncio.wait_for(self._over.wait(), self._until_s + GRACE_S - time.perf_counter())
        took_s = max(self._last_s - began_s, 1e-9)
        self._refused += self._unanswered
        for connection in self._connections:
            connection.close()
        return self._result(took_s, time.process_time() - cpu_s)

    def answered(self, connection: Connection, accepted: bool, latency_s: float) -> None:
        self._last_s = time.perf_counter()
        if accepted:
            self._latencies_s.append(latency_s)
        else:
            self._refused += 1
        self._idle.append(connection)
        if not self._order.rate_per_s and self._last_s < self._until_s and self._sent < MOST_REQUESTS:
            self._send(self._last_s)
        self._note_end()

    def lost(self) -> None:
        self._refused += 1
        self._note_end()

    def _note_end(self) -> None:
        if self._all_sent and self._unanswered == 0:
            self._over.set()

    @property
    def _unanswered(self) -> int:
        return self._sent - len(self._latencies_s) - self._refused

    async def _send_paced(self, began_s: float) -> None:
        n = min(int(self._order.seconds * self._order.rate_per_s), MOST_REQUESTS)
        for i in range(n):
            due_s = began_s + i / self._order.rate_per_s
            pause_s = due_s - time.perf_counter()
            if pause_s > 0:
                await asyncio.sleep(pause_s)
            while not self._idle:
                if time.perf_counter() > self._until_s + GRACE_S:
                    self._sent = n  # they were due, and will not be answered
                    return
                if len(self._connections) < MOST_CONNECTIONS:
                    self._idle.append(await self._connect())
                else:
                    await asyncio.sleep(0.001)
            self._send(due_s)
        if self._unanswered == 0:
            self._over.set()

    def _send(self, due_s: float) -> None:
        self._sent += 1
        self._idle.pop().send(self._request, due_s)

    async def _connect(self) -> Connection:
        _, connection = await asyncio.get_running_loop().create_connection(
            lambda: Connection(self), self._order.host, self._order.port)
        self._connections.append(connection)
        return connection

    def _result(self, took_s: float, cpu_s: float) -> Result:
        ordered = sorted(self._latencies_s) or [float("nan")]
        return Result(accepted=len(self._latencies_s), refused=self._refused, seconds=round(took_s, 2),
                      per_s=round(len(self._latencies_s) / took_s, 1), p50_ms=percentile_ms(ordered, 50),
                      p99_ms=percentile_ms(ordered, 99), max_ms=percentile_ms(ordered, 100), cpu_share=round(cpu_s / took_s, 3))


def percentile_ms(ordered_s: list[float], percent: float) -> float:
    """The nearest-rank percentile of times in ascending order, in milliseconds."""
    rank = max(0, -(-len(ordered_s) * percent // 100) - 1)
    return round(1000 * ordered_s[int(rank)], 2)


def content_length(head: bytes) -> int:
    start = head.lower().find(b"content-length:")
    return int(head[start + 15:head.find(b"\r\n", start)]) if start >= 0 else 0


def main() -> None:
    order: dict[str, Any] = json.load(sys.stdin)
    json.dump(asdict(asyncio.run(Load(Order(**order)).run())), sys.stdout)


if __name__ == "__main__":
    main()
