"""Segments that are used are kept: a worker that finds one gives it a new date in time. With a real Redis and real objects."""

import os
import time
from pathlib import Path

import numpy as np
import pytest

from speechmill.blobs.choose import open_blobs
from speechmill.blobs.keeping import Keeping
from speechmill.blobs.seam import segment_key
from speechmill.job import Phase, Unit
from speechmill.settings import BlobSettings, RedisSettings, Settings, WorkerSettings
from speechmill.store import reaping
from speechmill.store.client import Store
from speechmill.store.reaping import Turn, Unused
from speechmill.tasks import celery_app
from worker.encode import lossless_bytes
from worker.kept import stored_take
from worker.leases import Lease, Stopped
from worker.station import Station

CONTENT_KEY = "ab" * 32
KEY = segment_key("local", CONTENT_KEY)


@pytest.fixture
def station(redis_url: str, tmp_path: Path) -> Station:
    settings = Settings(redis=RedisSettings(url=redis_url), worker=WorkerSettings(scratch=tmp_path),
                        blobs=BlobSettings(folder=tmp_path / "objects", url_secret="a secret of the tests"))
    return Station("speech", settings, celery_app(redis_url), Store.open(settings), open_blobs(settings))


def lease() -> Lease:
    return Lease(Unit(ref="job/0", job_id="job", token=1, attempt=1, queue="speech:tone:batch", tenant="local", model="tone",
                      phase=Phase.SPEAK, characters=10, spec={}, request_id="req", segment=0))


def store_segment(station: Station, age_s: float) -> Path:
    station.blobs.put(KEY, lossless_bytes(np.zeros(2400, np.float32)), "audio/flac")
    file = station.settings.blobs.folder / KEY
    os.utime(file, (time.time() - age_s,) * 2)
    return file


def age_s(station: Station) -> float:
    age = station.blobs.age_s(KEY)
    assert age is not None
    return age


def test_a_young_segment_is_used_as_it_lies_there(station: Station) -> None:
    store_segment(station, age_s=3600)
    found = stored_take(station, lease(), CONTENT_KEY)
    assert found is not None
    assert len(found) == 2400
    assert age_s(station) >= 3600


@pytest.mark.parametrize("share_of_its_time", [0.3, 0.9, 1.2])
def test_one_that_was_written_long_ago_is_written_again_at_its_use(station: Station, share_of_its_time: float) -> None:
    keeping = Keeping(station.settings.retention.segments_s)
    file = store_segment(station, age_s=share_of_its_time * keeping.kept_s)
    before = file.read_bytes()
    assert stored_take(station, lease(), CONTENT_KEY) is not None
    assert age_s(station) < keeping.refresh_s
    assert file.read_bytes() == before


def test_one_that_the_reaper_is_deleting_is_waited_for_and_then_kept(station: Station) -> None:
    store_segment(station, age_s=2 * station.settings.retention.segments_s)
    condemned = [Unused("local", "segments", 10**12, KEY)]
    # The reaper dies in the middle: what it has condemned is free again when its turn is over.
    assert isinstance(station.store.run(reaping.turn(300)), Turn)
    assert station.store.run(reaping.condemn(condemned, slack_ms=0, life_ms=300)) == [KEY]

    assert stored_take(station, lease(), CONTENT_KEY) is not None

    assert age_s(station) < 3600
    assert station.store.run(reaping.condemn(condemned, slack_ms=0, life_ms=300)) == []


def test_who_waits_for_the_reaper_can_be_stopped(station: Station) -> None:
    store_segment(station, age_s=2 * station.settings.retention.segments_s)
    station.store.run(reaping.condemn([Unused("local", "segments", 10**12, KEY)], slack_ms=0, life_ms=60_000))
    held = lease()
    held.stop()
    with pytest.raises(Stopped):
        stored_take(station, held, CONTENT_KEY)


def test_what_is_not_there_or_damaged_is_spoken_again(station: Station) -> None:
    assert stored_take(station, lease(), CONTENT_KEY) is None
    station.blobs.put(KEY, b"half a segm", "audio/flac")
    assert stored_take(station, lease(), CONTENT_KEY) is None
