"""The proxy before the S3 server: it passes everything on unchanged, and breaks what it is told to break, in the middle too."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import httpx
import pytest

from speechmill.cli.chaos.s3_proxy import Mode, S3Proxy
from tests.services.program import free_port

BODY = bytes(range(256)) * 4096
SOON_S = 0.3
LONG_S = 20.0

Conversation = Callable[[S3Proxy, httpx.AsyncClient, list[bytes]], Awaitable[None]]


def converse(conversation: Conversation) -> None:
    """A client speaks through a proxy with a server that sends BODY and keeps what it was sent."""
    uploads: list[bytes] = []

    class Server(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Length", str(len(BODY)))
            self.end_headers()
            self.wfile.write(BODY)

        def do_PUT(self) -> None:
            uploads.append(self.rfile.read(int(self.headers["Content-Length"])))
            self.send_response(200)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    async def run(port: int) -> None:
        proxy = S3Proxy(free_port(), port)
        await proxy.turn(Mode.PASS)
        async with httpx.AsyncClient(base_url=proxy.url, timeout=LONG_S, trust_env=False) as client:
            await conversation(proxy, client, uploads)
        await proxy.close()

    server = ThreadingHTTPServer(("127.0.0.1", 0), Server)
    server.handle_error = lambda *_: None  # type: ignore[method-assign]  # clients hang up on it: that is what is tested
    thread = Thread(target=server.serve_forever)
    thread.start()
    try:
        asyncio.run(run(server.server_address[1]))
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def test_bodies_pass_unchanged_both_ways() -> None:
    async def conversation(_: S3Proxy, client: httpx.AsyncClient, uploads: list[bytes]) -> None:
        assert (await client.get("/object")).content == BODY
        assert (await client.put("/object", content=BODY)).status_code == 200
        assert (await client.put("/object", content=BODY, headers={"Expect": "100-continue"})).status_code == 200
        assert uploads == [BODY, BODY]

    converse(conversation)


def test_it_refuses_connections_and_then_takes_them_again() -> None:
    async def conversation(proxy: S3Proxy, client: httpx.AsyncClient, _: list[bytes]) -> None:
        await proxy.turn(Mode.REFUSE)
        with pytest.raises(httpx.ConnectError):
            await client.get("/object")
        await proxy.turn(Mode.PASS)
        assert (await client.get("/object")).content == BODY

    converse(conversation)


def test_while_it_hangs_nothing_moves_and_afterwards_it_goes_on() -> None:
    async def conversation(proxy: S3Proxy, client: httpx.AsyncClient, _: list[bytes]) -> None:
        await proxy.turn(Mode.HANG)
        asked = asyncio.create_task(client.get("/object"))
        await asyncio.sleep(SOON_S)
        assert not asked.done()
        await proxy.turn(Mode.PASS)
        assert (await asked).content == BODY

    converse(conversation)


def test_it_answers_500_by_itself() -> None:
    async def conversation(proxy: S3Proxy, client: httpx.AsyncClient, uploads: list[bytes]) -> None:
        await proxy.turn(Mode.ERROR)
        assert (await client.get("/object")).status_code == 500
        assert (await client.put("/object", content=b"little")).status_code == 500
        assert uploads == []
        assert proxy.n_broken == 2

    converse(conversation)


def test_half_an_upload_gets_through_and_the_client_is_answered_500() -> None:
    async def conversation(proxy: S3Proxy, client: httpx.AsyncClient, uploads: list[bytes]) -> None:
        await proxy.turn(Mode.CUT_REQUESTS)
        with suppress(httpx.TransportError):  # It may hang up before all was sent.
            assert (await client.put("/object", content=b"a few bytes")).status_code == 500
        while not uploads:  # noqa: ASYNC110  the server is a thread
            await asyncio.sleep(0.01)
        assert uploads == [b"a few"]

    converse(conversation)


def test_half_an_answer_comes_and_what_was_asked_for_is_done() -> None:
    async def conversation(proxy: S3Proxy, client: httpx.AsyncClient, uploads: list[bytes]) -> None:
        await proxy.turn(Mode.CUT_ANSWERS)
        with pytest.raises(httpx.TransportError):
            await client.get("/object")
        with pytest.raises(httpx.TransportError):
            await client.put("/object", content=BODY)
        assert uploads == [BODY]

    converse(conversation)


def test_a_client_that_goes_in_the_middle_of_its_upload_leaves_nobody_waiting() -> None:
    async def conversation(proxy: S3Proxy, _: httpx.AsyncClient, uploads: list[bytes]) -> None:
        _reader, writer = await asyncio.open_connection("127.0.0.1", proxy.port)
        writer.write(b"PUT /object HTTP/1.1\r\nHost: s3\r\nContent-Length: 100\r\n\r\nhalf")
        await writer.drain()
        writer.close()
        while not uploads:  # noqa: ASYNC110  the server is a thread
            await asyncio.sleep(0.01)
        assert uploads == [b"half"]

    converse(conversation)


def test_closing_it_waits_for_nobody() -> None:
    async def conversation(proxy: S3Proxy, _: httpx.AsyncClient, uploads: list[bytes]) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", proxy.port)
        writer.write(b"PUT /object HTTP/1.1\r\nHost: s3\r\nContent-Length: 100\r\n\r\nhalf")
        await asyncio.sleep(SOON_S)
        await asyncio.wait_for(proxy.close(), LONG_S)
        with suppress(ConnectionError):
            assert await reader.read() == b""
        writer.close()

    converse(conversation)


def test_a_server_that_is_away_is_told_by_a_connection_that_breaks() -> None:
    async def conversation(proxy: S3Proxy, client: httpx.AsyncClient, _: list[bytes]) -> None:
        alone = S3Proxy(free_port(), free_port())
        await alone.turn(Mode.PASS)
        with pytest.raises(httpx.TransportError):
            await client.get(f"{alone.url}/object")
        await alone.close()

    converse(conversation)
