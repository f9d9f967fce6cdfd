"""`python -m worker health`: whether the worker on this host lives, and its voice with it."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from speechmill.blobs.choose import open_blobs
from speechmill.settings import BlobSettings, RedisSettings, Settings, WorkerSettings
from speechmill.store.client import Store
from speechmill.tasks import KEY_PREFIX, celery_app
from tests.qwen3_tones import qwen3_of_tones
from tests.unit.engine.tone_speaker import ToneOptions
from worker.station import Station
from worker.voices.qwen3 import Qwen3

LEASE_S = 4.0


@pytest.fixture
def settings(redis_url: str, tmp_path: Path) -> Settings:
    return Settings(redis=RedisSettings(url=redis_url), worker=WorkerSettings(scratch=tmp_path, lease_s=LEASE_S),
                    blobs=BlobSettings(folder=tmp_path, url_secret="a secret of the tests"))


def health(settings: Settings) -> int:
    """The exit status of the command, as a container's health check runs it."""
    environment = {"SPEECHMILL_WORKER__SCRATCH": str(settings.worker.scratch), "SPEECHMILL_WORKER__LEASE_S": str(LEASE_S)}
    return subprocess.run([sys.executable, "-m", "worker", "health"], env={**os.environ, **environment}, check=False).returncode


@contextmanager
def beating(settings: Settings, voice: Qwen3) -> Iterator[Station]:
    """A worker's heartbeat with this voice, once the voice is warm. This very process is the worker."""
    station = Station("speech", settings, celery_app(settings.redis.url), Store.open(settings), open_blobs(settings), voice=voice)
    try:
        voice.warm_up()
        station.leases.start()
        yield station
    finally:
        station.leases.close()
        voice.close()
        for thread in threading.enumerate():
            if thread.name in ("heartbeat", "stop-listener"):
                thread.join()
        station.store.close()


def last_beat_ms(station: Station) -> float:
    at_ms = station.store.redis.zscore(KEY_PREFIX + "workers", station.worker)
    assert at_ms
    return at_ms


def kill_engine(starts_file: Path) -> None:
    os.kill(int(starts_file.read_text().split()[-1]), signal.SIGKILL)


def wait_for(true: Callable[[], bool], timeout_s: float = 60) -> None:
    deadline = time.monotonic() + timeout_s
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_without_a_worker_it_fails(settings: Settings) -> None:
    assert health(settings) == 1


def test_it_passes_while_an_engine_is_restarted_however_long_that_takes(settings: Settings, tmp_path: Path) -> None:
    starts = tmp_path / "starts"
    voice = qwen3_of_tones(tmp_path, tones=ToneOptions(starts_file=starts, start_s=1.25 * LEASE_S))
    with beating(settings, voice):
        wait_for(lambda: health(settings) == 0)
        kill_engine(starts)
        wait_for(lambda: len(starts.read_text().split()) == 2)
        while not voice.gauges:
            assert health(settings) == 0
        assert health(settings) == 0


def test_it_fails_once_the_engine_is_beyond_recovery_though_the_worker_beats_on(settings: Settings, tmp_path: Path) -> None:
    starts = tmp_path / "starts"
    voice = qwen3_of_tones(tmp_path, tones=ToneOptions(starts_file=starts, good_starts=1))
    with beating(settings, voice) as station:
        wait_for(lambda: health(settings) == 0)
        kill_engine(starts)
        wait_for(lambda: not voice.well)
        wait_for(lambda: health(settings) == 1)
        before = last_beat_ms(station)
        wait_for(lambda: last_beat_ms(station) > before)
