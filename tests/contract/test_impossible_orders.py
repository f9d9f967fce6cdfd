"""A client's mistake that only reading the book shows is the client's to hear of, and no alarm for who runs the workers."""

import hashlib
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from speechmill.blobs.choose import open_blobs
from speechmill.blobs.seam import source_key
from speechmill.book import BookSpec, Source
from speechmill.job import JobError, Phase, Status
from speechmill.settings import BlobSettings, RedisSettings, Settings, WorkerSettings
from speechmill.store import verbs
from speechmill.store.client import Store
from speechmill.store.verbs import Submission
from speechmill.tasks import celery_app
from worker.station import Claimed, Station
from worker.tasks import do

BOOK = "book_000001"
TEXT = b"# One\n\nIt begins."
SOURCE = Source(sha256=hashlib.sha256(TEXT).hexdigest(), name="b.md", bytes=len(TEXT))


@pytest.fixture
def station(redis_url: str, tmp_path: Path) -> Iterator[Station]:
    settings = Settings(redis=RedisSettings(url=redis_url), worker=WorkerSettings(scratch=tmp_path),
                        blobs=BlobSettings(folder=tmp_path, url_secret="a secret of the tests"))
    with closing(Store.open(settings)) as store:
        station = Station("cpu", settings, celery_app(redis_url), store, open_blobs(settings))
        yield station
        station.wrap_ups.close()


def test_a_chapter_that_the_book_does_not_have_fails_it_with_the_reason_and_without_a_traceback(
        station: Station, caplog: pytest.LogCaptureFixture) -> None:
    station.blobs.put(source_key("local", SOURCE.sha256), TEXT, "text/markdown")
    station.store.run(verbs.submit(Submission(
        job_id=BOOK, tenant="local", spec=BookSpec(model="tone", voice="low", language="en", source=SOURCE, include=((5, 5),)),
        phase=Phase.PLAN, characters=6, text="{}", input_key="", request_id="req_1", fingerprint="print")))
    claimed = station.store.run(verbs.claim(station.worker, ["cpu:batch"]))
    assert claimed

    do(station, Claimed(claimed[0], ()))

    book = station.store.run(verbs.look(BOOK, "local"))
    assert book
    assert (book.status, book.error) == (Status.FAILED, JobError(
        code="invalid_value", message="include names chapter 5; this book has 1.", param="include",
        type="invalid_request_error", retryable=False))
    assert [record.getMessage() for record in caplog.records if record.levelname == "ERROR" or record.exc_info] == []
