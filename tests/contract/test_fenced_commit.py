"""A worker whose commit came too late says so: for others, the unit was never done here."""

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from speechmill.blobs.choose import open_blobs
from speechmill.job import Output, Phase, Status, Unit
from speechmill.request import SpeechSpec
from speechmill.settings import BlobSettings, RedisSettings, Settings, WorkerSettings
from speechmill.store import verbs
from speechmill.store.client import Store
from speechmill.store.verbs import Submission
from speechmill.tasks import celery_app
from worker.leases import Lease, Stopped
from worker.station import Claimed, Station
from worker.tasks import do
from worker.voices.tone import MODEL, Tone

JOB = "speech_000001"


@pytest.fixture
def station(redis_url: str, tmp_path: Path) -> Iterator[Station]:
    settings = Settings(redis=RedisSettings(url=redis_url), worker=WorkerSettings(scratch=tmp_path),
                        blobs=BlobSettings(folder=tmp_path, url_secret="a secret of the tests"))
    with closing(Store.open(settings)) as store:
        station = Station("speech", settings, celery_app(redis_url), store, open_blobs(settings), voice=Tone(), model=MODEL)
        yield station
        station.wrap_ups.close()


def claimed(station: Station) -> Unit:
    station.store.run(verbs.submit(Submission(
        job_id=JOB, tenant="local", spec=SpeechSpec(model="tone", voice="low", language="en", response_format="wav"),
        phase=Phase.WHOLE, characters=6, text="Hello.", input_key="", request_id="req_1", fingerprint="print")))
    return claim(station)


def claim(station: Station) -> Unit:
    found = station.store.run(verbs.claim(station.worker, ["speech:tone:batch"]))
    assert found
    return found[0]


def test_a_commit_that_came_too_late_is_not_told_as_done(station: Station, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO")
    first = claimed(station)
    station.store.run(verbs.released(first))  # the worker was cut off, and the unit given to another
    second = claim(station)

    do(station, Claimed(first, ()))
    station.wrap_ups.close()
    said = [record.getMessage() for record in caplog.records]
    assert "stopped" in said
    assert not any(message.startswith("done") for message in said)

    do(station, Claimed(second, ()))
    assert any(record.getMessage().startswith("done") for record in caplog.records)
    job = station.store.run(verbs.look(JOB, "local"))
    assert job
    assert (job.status, job.attempts) == (Status.COMPLETED, 2)


def test_whoever_commits_too_late_is_stopped_and_one_whose_reply_was_lost_is_not(station: Station) -> None:
    first = claimed(station)
    take = {"flags": [], "key": "k"}
    output = Output(key="k", bytes=1, sha256="0", content_type="audio/wav", duration_seconds=1, sample_rate=24_000)
    commit = verbs.completed(first, output, take=take, speak_ms=1)
    assert station.commit(Lease(first), commit).committed
    assert station.commit(Lease(first), commit).committed, "the same call again"
    with pytest.raises(Stopped):
        station.commit(Lease(first), verbs.spoken(first, take))
