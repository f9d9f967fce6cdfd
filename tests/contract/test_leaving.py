"""A worker that leaves does so in silence, whatever its threads are at."""

import logging
import threading
import time
from pathlib import Path

import pytest

from speechmill.settings import RedisSettings, Settings
from speechmill.store.client import STOP_CHANNEL, Store
from speechmill.store.verbs import WorkerFigures
from worker.leases import Leases

pytestmark = pytest.mark.usefixtures("redis_url")
SOON_S = 20.0


@pytest.fixture
def settings(redis_url: str) -> Settings:
    return Settings(redis=RedisSettings(url=redis_url))


def listening(store: Store, folder: Path) -> Leases:
    """Once it hears what stops jobs."""
    leases = Leases(store, "worker_1", lease_s=0.2, reply_s=5, alive=folder / "alive", well=lambda: True,
                    figures=lambda: WorkerFigures("speech", {}), on_unknown=lambda: None)
    leases.start()
    deadline = time.monotonic() + SOON_S
    while dict(store.redis.pubsub_numsub(STOP_CHANNEL))[STOP_CHANNEL] == 0:
        assert time.monotonic() < deadline, "nobody listens"
        time.sleep(0.001)
    return leases


def test_the_store_is_closed_under_threads_that_listen_and_beat(
        settings: Settings, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """What they then meet is no error of theirs: none is raised in a thread, which pytest would tell, and none is logged."""
    before = set(threading.enumerate())
    for _ in range(20):
        store = Store.open(settings)
        leases = listening(store, tmp_path)
        leases.close()
        store.close()
        for thread in set(threading.enumerate()) - before:
            thread.join(SOON_S)
            assert not thread.is_alive()
    assert [record for record in caplog.records if record.levelno >= logging.WARNING] == []
