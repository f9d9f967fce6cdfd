"""The webhook receiver of a chaos run: what it believes, what it counts as delivered, and how it misbehaves."""

import asyncio
import json
import time
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any

import httpx
import pytest

from speechmill.cli.chaos.receiver import Manners, Received, Receiver
from speechmill.webhook import new_secret, parse_secret, signed_headers

SECRET = new_secret()
SOON_S = 0.3

Post = Callable[..., Coroutine[Any, Any, httpx.Response]]


def event(event_id: str = "evt_1", status: str = "completed", sha256: str = "5e") -> bytes:
    return json.dumps({"id": event_id, "type": f"speech.job.{status}", "data": {
        "id": "speech_1", "status": status, "output": {"sha256": sha256} if sha256 else None}}).encode()


def receive(conversation: Callable[[Receiver, Post], Awaitable[None]]) -> None:
    async def run() -> None:
        receiver = Receiver(SECRET)
        await receiver.listen()
        async with httpx.AsyncClient(timeout=20, trust_env=False) as client:
            async def post(body: bytes, event_id: str = "evt_1", secret: str = SECRET, age_s: int = 0) -> httpx.Response:
                headers = signed_headers(event_id, int(time.time()) - age_s, body, (parse_secret(secret),))
                return await client.post(receiver.url, content=body, headers=headers)

            await conversation(receiver, post)
        receiver.close()

    asyncio.run(run())


def test_an_event_is_taken_and_counted_however_often_it_comes() -> None:
    async def conversation(receiver: Receiver, post: Post) -> None:
        for _ in range(2):
            assert (await post(event())).status_code == 200
        assert receiver.events == {"evt_1": Received("speech_1", "speech.job.completed", "5e", n_posts=2, n_taken=2)}
        assert receiver.forged == []

    receive(conversation)


@pytest.mark.parametrize(("body", "how"), [
    (event(), {"secret": new_secret()}), (event(), {"age_s": 600}), (b"no JSON", {}), (event("evt_2"), {}), (b"{}", {})],
    ids=["another secret", "too old", "no JSON", "another id within", "no event"])
def test_what_does_not_verify_is_forged(body: bytes, how: dict[str, object]) -> None:
    async def conversation(receiver: Receiver, post: Post) -> None:
        await post(body, **how)
        assert receiver.forged == ["evt_1"]

    receive(conversation)


def test_an_event_that_changes_under_its_id_is_forged() -> None:
    async def conversation(receiver: Receiver, post: Post) -> None:
        await post(event())
        await post(event(sha256="0f"))
        assert receiver.forged == ["evt_1"]

    receive(conversation)


def test_what_was_answered_500_or_not_at_all_is_seen_and_not_taken() -> None:
    async def conversation(receiver: Receiver, post: Post) -> None:
        receiver.turn(Manners.ERROR)
        assert (await post(event())).status_code == 500
        receiver.turn(Manners.CLOSE)
        with pytest.raises(httpx.TransportError):
            await post(event())
        receiver.turn(Manners.HANG)
        hanging = asyncio.create_task(post(event()))
        while receiver.events["evt_1"].n_posts < 3:  # noqa: ASYNC110  the receiver tells nobody
            await asyncio.sleep(0.01)
        await asyncio.sleep(SOON_S)
        assert not hanging.done()
        receiver.turn(Manners.TAKE)
        with pytest.raises(httpx.TransportError):
            await hanging
        assert (receiver.events["evt_1"].n_posts, receiver.events["evt_1"].n_taken) == (3, 0)
        assert (await post(event())).status_code == 200
        assert receiver.events["evt_1"].n_taken == 1

    receive(conversation)
