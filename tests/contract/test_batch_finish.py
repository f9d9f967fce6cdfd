"""The finish step of a batch: what has no place in its zip, and that the batch is completed all the same."""

import hashlib
import io
import json
import zipfile
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import Any

import pytest
import redis

from speechmill.batch_line import AcceptedLine, LineSound
from speechmill.blobs.choose import open_blobs
from speechmill.blobs.seam import result_key
from speechmill.job import Output, Status
from speechmill.settings import BlobSettings, LimitSettings, RedisSettings, Settings, WorkerSettings
from speechmill.store import batches, files, verbs
from speechmill.store.client import Policy, Store
from speechmill.tasks import celery_app
from tests.contract.store.conftest import Mill
from tests.contract.store.test_batches import BATCH, SPEECH, begin
from worker.batch import finish as step
from worker.batch.finish import finish
from worker.leases import Lease
from worker.station import Station

SOUNDS = {"a": b"a" * 600, "b": b"b" * 400}


@pytest.fixture
def mill(redis_url: str) -> Iterator[Mill]:
    with redis.Redis.from_url(redis_url, decode_responses=True) as client:
        yield Mill(Store(client, Policy()))


def finished(mill: Mill, redis_url: str, folder: Path, archive_bytes: int, lost: Collection[str] = ()) -> Station:
    """A batch of two lines that were spoken, after its finish step. `lost`: whose sound is gone by then."""
    settings = Settings(redis=RedisSettings(url=redis_url), worker=WorkerSettings(scratch=folder),
                        blobs=BlobSettings(folder=folder / "objects", url_secret="a secret of the tests"),
                        limits=LimitSettings(archive_bytes=archive_bytes))
    station = Station("cpu", settings, celery_app(redis_url), mill.store, open_blobs(settings))
    lines = b"".join(AcceptedLine(name, name, "Hello.", {"model": "tone"}).line() for name in SOUNDS)
    station.blobs.put("plans/1", lines, "application/jsonl")
    begin(mill, len(SOUNDS))
    for name, sound in SOUNDS.items():
        key = speak(mill, station, sound)
        if name in lost:
            station.blobs.delete(key)
    finish(station, Lease(mill.claim("cpu:batch")))
    assert mill.look(BATCH).status is Status.COMPLETED
    return station


def speak(mill: Mill, station: Station, sound: bytes) -> str:
    """The key of its sound."""
    unit = mill.claim(SPEECH)
    key = result_key(unit.tenant, unit.job_id, unit.token, "mp3")
    station.blobs.put(key, sound, "audio/mpeg")
    output = Output(key=key, bytes=len(sound), sha256=hashlib.sha256(sound).hexdigest(), content_type="audio/mpeg",
                    duration_seconds=1.0, sample_rate=24_000)
    assert mill.store.run(verbs.completed(unit, output, take={"flags": [], "key": "k"}, speak_ms=1)).committed
    return key


def read(station: Station, file_id: str | None) -> bytes:
    assert file_id
    file = station.store.run(files.look(file_id, "local"))
    assert file
    with station.blobs.open(file.key) as stream:
        return stream.read()


def rows(station: Station, file_id: str | None) -> list[dict[str, Any]]:
    return [json.loads(row) for row in read(station, file_id).splitlines()]


def state(station: Station) -> batches.BatchState:
    found = station.store.run(batches.state(BATCH, "local"))
    assert found
    return found


def names(station: Station) -> list[str | None]:
    return [row["file"] for row in rows(station, state(station).files.manifest)]


def test_as_much_sound_as_a_zip_may_have_is_in_one(mill: Mill, redis_url: str, tmp_path: Path) -> None:
    station = finished(mill, redis_url, tmp_path, archive_bytes=1000)
    with zipfile.ZipFile(io.BytesIO(read(station, state(station).files.archive))) as archive:
        assert {name: archive.read(name) for name in ("a.mp3", "b.mp3")} == {"a.mp3": SOUNDS["a"], "b.mp3": SOUNDS["b"]}
    assert names(station) == ["a.mp3", "b.mp3"]


def test_with_a_byte_more_there_is_no_zip_and_every_line_is_there(mill: Mill, redis_url: str, tmp_path: Path) -> None:
    station = finished(mill, redis_url, tmp_path, archive_bytes=999)
    left = state(station).files
    assert (left.archive, names(station)) == (None, [None, None])
    assert [row["response"]["body"]["bytes"] for row in rows(station, left.output)] == [600, 400]
    with station.blobs.open(left.table_key) as table:
        packed = table.read()
    sounds = [LineSound.unpack(packed[place:place + LineSound.SIZE]) for place in range(0, len(packed), LineSound.SIZE)]
    assert [sound.format for sound in sounds] == ["mp3", "mp3"]
    assert not list(tmp_path.glob("speechmill-*"))


def test_a_line_too_large_for_a_member_is_left_out_of_the_zip(mill: Mill, redis_url: str, tmp_path: Path,
                                                             monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(step, "MOST_MEMBER_BYTES", 599)
    station = finished(mill, redis_url, tmp_path, archive_bytes=1000)
    assert names(station) == [None, "b.mp3"]
    with zipfile.ZipFile(io.BytesIO(read(station, state(station).files.archive))) as archive:
        assert archive.namelist() == ["b.mp3", "manifest.jsonl"]
    assert len(rows(station, state(station).files.output)) == 2


def test_a_line_whose_sound_is_gone_has_failed_and_holds_up_no_other(mill: Mill, redis_url: str, tmp_path: Path) -> None:
    station = finished(mill, redis_url, tmp_path, archive_bytes=1000, lost="a")
    left = state(station)
    assert (left.completed, left.failed) == (1, 1)
    assert [(row["custom_id"], row["error"]["code"]) for row in rows(station, left.files.error)] == [("a", "result_lost")]
    assert [row["custom_id"] for row in rows(station, left.files.output)] == ["b"]
    assert names(station) == ["b.mp3"]
    with zipfile.ZipFile(io.BytesIO(read(station, left.files.archive))) as archive:
        assert archive.read("b.mp3") == SOUNDS["b"]
    assert not list(tmp_path.glob("speechmill-*"))
