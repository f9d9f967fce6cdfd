"""A voice to clone is kept as long as requests come with it."""

import asyncio
import hashlib
import os
import time
from pathlib import Path

import pytest

from producer.desk import Desk
from producer.doorbell import Doorbell
from producer.feed import Feed
from producer.references import keep_reference
from producer.storage import Storage
from producer.streams.listening import Listening
from speechmill.blobs.choose import open_blobs
from speechmill.blobs.seam import reference_key
from speechmill.errors import BlobsUnavailable
from speechmill.request import ReferenceSpec
from speechmill.settings import BlobSettings, RedisSettings, Settings
from speechmill.store import reaping
from speechmill.store.client import AsyncStore, Store
from speechmill.store.reaping import Unused
from speechmill.tasks import celery_app

AUDIO = b"a recording"
REFERENCE = ReferenceSpec(sha256=hashlib.sha256(AUDIO).hexdigest(), text="")
KEY = reference_key("local", REFERENCE.sha256)
DAY_S = 86_400


@pytest.fixture
def settings(redis_url: str, tmp_path: Path) -> Settings:
    return Settings(redis=RedisSettings(url=redis_url), blobs=BlobSettings(folder=tmp_path, url_secret="a secret of the tests"))


def a_request_comes(settings: Settings) -> float:
    """With the recording; returns the age of the stored one afterwards, seconds."""
    async def keep() -> float:
        desk = Desk(settings, AsyncStore.open(settings), Storage(open_blobs(settings)), Feed(settings),
                    Listening(settings), Doorbell(celery_app(settings.redis.url)))
        try:
            await keep_reference(desk, "local", REFERENCE, AUDIO)
            content = desk.storage.blobs.read(KEY)
        finally:
            desk.storage.close()
            await desk.store.close()
            await desk.feed.close()
            await desk.listening.close()
        assert content.data == AUDIO
        return content.age_s

    return asyncio.run(keep())


def grow_old(settings: Settings, days: float) -> None:
    os.utime(settings.blobs.folder / KEY, (time.time() - days * DAY_S,) * 2)


def test_a_recording_is_stored_once_and_used_as_it_lies_there(settings: Settings) -> None:
    assert a_request_comes(settings) < 60
    grow_old(settings, days=3)
    assert a_request_comes(settings) >= 3 * DAY_S


@pytest.mark.parametrize("days", [10, 29, 36])
def test_one_that_was_written_long_ago_is_written_again(settings: Settings, days: float) -> None:
    a_request_comes(settings)
    grow_old(settings, days)
    assert a_request_comes(settings) < 60


def test_while_the_reaper_is_deleting_it_the_request_is_to_come_again(settings: Settings) -> None:
    a_request_comes(settings)
    grow_old(settings, days=100)
    store = Store.open(settings)
    turn = store.run(reaping.turn(60_000))
    assert isinstance(turn, reaping.Turn)
    assert store.run(reaping.condemn([Unused("local", "references", 10**10, KEY)], slack_ms=0, life_ms=60_000)) == [KEY]
    with pytest.raises(BlobsUnavailable, match="ref_audio is just being deleted") as refused:
        a_request_comes(settings)
    assert refused.value.retry_after_s == 2

    store.run(reaping.turned(turn, "on", "", pause_ms=0, round_ms=0, deleted={}))
    assert a_request_comes(settings) < 60
    store.close()
