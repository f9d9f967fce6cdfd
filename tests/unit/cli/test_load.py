"""The load generator against a real server whose behaviour is known."""

import asyncio
import math
import time

import pytest

from speechmill.cli.bench import load
from speechmill.cli.bench.load import Load, Order, Result, percentile_ms

ACCEPTED = b"HTTP/1.1 202 Accepted\r\nContent-Length: 2\r\n\r\n{}"
REFUSED = b"HTTP/1.1 503 Service Unavailable\r\ncontent-length: 0\r\n\r\n"


async def serve(answer: bytes, delay_s: float, order: dict[str, float]) -> tuple[Result, int]:
    """Run an order against a server that gives `answer` after `delay_s`, in two pieces; returns how many it was asked for."""
    asked = 0

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal asked
        while head := await _head(reader):
            assert head.startswith(b"POST /jobs HTTP/1.1\r\n")
            await reader.readexactly(9)
            asked += 1
            await asyncio.sleep(delay_s)
            writer.write(answer[:20])
            await asyncio.sleep(0)
            writer.write(answer[20:])
        writer.close()

    server = await asyncio.start_server(talk, "127.0.0.1", 0)
    async with server:
        port = server.sockets[0].getsockname()[1]
        result = await Load(Order("127.0.0.1", port, "/jobs", '{"a": 12}', **order)).run()  # type: ignore[arg-type]
        await asyncio.sleep(0.05)
    return result, asked


async def _head(reader: asyncio.StreamReader) -> bytes:
    try:
        return await reader.readuntil(b"\r\n\r\n")
    except asyncio.IncompleteReadError:
        return b""


def test_every_request_is_counted_once() -> None:
    began = time.monotonic()
    result, asked = asyncio.run(serve(ACCEPTED, 0.001, {"seconds": 1.5, "connections": 4}))
    took_s = time.monotonic() - began
    assert result.accepted == asked > 4
    assert result.refused == 0
    assert asked / took_s < result.per_s < 1.3 * asked / 1.5


def test_a_paced_run_keeps_its_rate_although_each_answer_is_slow() -> None:
    result, asked = asyncio.run(serve(ACCEPTED, 0.2, {"seconds": 1, "connections": 2, "rate_per_s": 50}))
    assert result.accepted == asked == 50
    assert 195 < result.p50_ms < 5000


def test_a_rate_that_the_server_cannot_keep_ends_with_the_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever waits for the generator gives up half a minute after that. What was due and not answered is no acceptance."""
    monkeypatch.setattr(load, "GRACE_S", 0.5)
    monkeypatch.setattr(load, "MOST_CONNECTIONS", 4)
    began = time.monotonic()
    result, asked = asyncio.run(serve(ACCEPTED, 0.2, {"seconds": 0.5, "connections": 2, "rate_per_s": 400}))
    assert time.monotonic() - began < 3  # 200 requests would take 10 s
    assert result.accepted + result.refused == 200
    assert 0 < result.accepted <= asked < 50


def test_refusals_are_no_acceptances() -> None:
    result, asked = asyncio.run(serve(REFUSED, 0.0, {"seconds": 0.2, "connections": 2}))
    assert (result.accepted, result.refused) == (0, asked)
    assert math.isnan(result.p50_ms)


@pytest.mark.parametrize(("percent", "expected"), [(50, 50.0), (99, 99.0), (100, 100.0), (1, 1.0)])
def test_percentiles_are_those_of_the_nearest_rank(percent: float, expected: float) -> None:
    assert percentile_ms([n / 1000 for n in range(1, 101)], percent) == expected
