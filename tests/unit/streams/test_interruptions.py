"""What follows Redis for all clients of a producer goes on, whatever a connection does: nobody would notice its end."""

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from producer import feed
from producer.feed import Feed
from producer.streams import listening
from producer.streams.listening import Listening
from speechmill.settings import RedisSettings, Settings

CLOSED = RuntimeError("unable to perform operation on <TCPTransport closed=True reading=False 0x1>; the handler is closed")
"""uvloop's word for a connection that broke between two steps of redis-py's."""
ERRORS = pytest.mark.parametrize("error", [CLOSED, ZeroDivisionError("a bug"), ConnectionResetError()],
                                 ids=["uvloop", "bug", "reset"])


@pytest.fixture(autouse=True)
def _at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(feed, "AGAIN_S", 0.0)
    monkeypatch.setattr(listening, "AGAIN_S", 0.0)


def failing_first(error: Exception, then: Callable[..., Any]) -> Callable[..., Any]:
    """Raises at its first call."""
    calls = 0

    async def call(*arguments: Any, **options: Any) -> Any:
        nonlocal calls
        calls += 1
        if calls == 1:
            raise error
        return await then(*arguments, **options)

    return call


@ERRORS
def test_the_feed_goes_on_and_wakes_whoever_waits(error: Exception) -> None:
    async def told() -> bool:
        follower = Feed(Settings())

        async def latest(*_: Any, **__: Any) -> list[Any]:
            return []

        async def entries(*_: Any, **__: Any) -> list[Any]:
            await asyncio.sleep(0.001)
            return [[b"events", [("1-0", {"job": "speech_1", "status": "completed"})]]]

        follower._redis.xrevrange = latest  # type: ignore[method-assign]
        follower._redis.xread = failing_first(error, entries)  # type: ignore[method-assign]
        with follower.watching("speech_1", until_end=True) as watch:
            await watch.change(0)
            follower.start()
            assert await watch.change(30), "woken because something may have been missed"
            is_told = await watch.change(30)
        await follower.close()
        return is_told

    assert asyncio.run(told())


@ERRORS
def test_streams_are_read_on_and_what_was_wanted_is_read_again(error: Exception) -> None:
    async def heard() -> bytes | None:
        listeners = Listening(Settings())

        async def entries(*_: Any) -> list[Any]:
            return [[(b"1-0", {b"sound": b"a piece"})]]

        listeners._entries = failing_first(error, entries)  # type: ignore[method-assign]
        watch = feed.Watch(until_end=False)
        with listeners.to("speech_1", watch) as listener:
            reading = asyncio.create_task(listeners._read())
            listener.told(7)
            assert await watch.change(30)
            reading.cancel()
            return listener.take()

    assert asyncio.run(heard()) == b"a piece"


def test_a_channel_that_has_gone_silent_is_opened_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    """As one to a host that lost its power: nobody closes it, and nothing comes."""
    monkeypatch.setattr(listening, "CHANNEL_S", 0.05)

    opened = asyncio.Semaphore(0)

    async def opened_three_times() -> None:

        async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            while asked := await reader.read(4096):
                if b"SUBSCRIBE" in asked:
                    writer.write(b"*3\r\n$9\r\nsubscribe\r\n$8\r\nstreamed\r\n:1\r\n")
                    opened.release()
                elif b"PING" not in asked:
                    writer.write(b"+OK\r\n" * asked.count(b"*"))
            writer.close()

        async with await asyncio.start_server(silent, "127.0.0.1", 0) as server:
            port = server.sockets[0].getsockname()[1]
            listeners = Listening(Settings(redis=RedisSettings(url=f"redis://127.0.0.1:{port}/0")))
            listeners.start()
            try:
                for _ in range(3):
                    await asyncio.wait_for(opened.acquire(), 30)
            finally:
                await listeners.close()

    asyncio.run(opened_three_times())
