"""A book of which a chapter's files were lost says which chapter it is, and what makes it again."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import redis

from speechmill.blobs.choose import open_blobs
from speechmill.errors import SegmentMissing
from speechmill.settings import BlobSettings, RedisSettings, Settings, WorkerSettings
from speechmill.store.client import Policy, Store
from speechmill.tasks import celery_app
from tests.contract.store.conftest import Mill
from tests.contract.store.test_reapable import BOOK, make_chapter
from worker.book.bind import bind
from worker.leases import Lease
from worker.station import Station


@pytest.fixture
def mill(redis_url: str) -> Iterator[Mill]:
    with redis.Redis.from_url(redis_url, decode_responses=True) as client:
        yield Mill(Store(client, Policy()))


@pytest.fixture
def station(mill: Mill, redis_url: str, tmp_path: Path) -> Station:
    settings = Settings(redis=RedisSettings(url=redis_url), worker=WorkerSettings(scratch=tmp_path),
                        blobs=BlobSettings(folder=tmp_path, url_secret="a secret of the tests"))
    blobs = open_blobs(settings)
    blobs.put("cover", b"a picture", "image/png")
    return Station("cpu", settings, celery_app(redis_url), mill.store, blobs)


def test_a_book_is_not_bound_without_a_chapters_files_and_says_how_to_have_them_made(mill: Mill, station: Station) -> None:
    make_chapter(mill)
    with pytest.raises(SegmentMissing) as told:
        bind(station, Lease(mill.claim("cpu:batch")))
    assert "chapter 1" in told.value.message
    assert f"{BOOK}/rerender" in told.value.message
