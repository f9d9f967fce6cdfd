"""A worker hears of a stop however it falls together with a claim."""

import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest

from speechmill.store import verbs
from speechmill.store.client import STOP_CHANNEL
from speechmill.store.verbs import WorkerFigures
from speechmill.tasks import KEY_PREFIX
from tests.contract.store.conftest import Mill
from worker.leases import Leases, Stopped

LEASE_S = 120.0
"""Its beats come every half minute."""


@pytest.fixture
def leases(mill: Mill, tmp_path: Path) -> Iterator[Leases]:
    """Those of worker w1, which has beaten once and listens."""
    alive = Leases(mill.store, "w1", lease_s=LEASE_S, reply_s=5, alive=tmp_path / "alive", well=lambda: True,
                   figures=lambda: WorkerFigures("speech", {}), on_unknown=lambda: None)
    with closing(alive):
        alive.start()
        until(lambda: mill.store.redis.zscore(KEY_PREFIX + "workers", "w1") is not None and listeners(mill) == 1)
        yield alive
    until(lambda: listeners(mill) == 0)


def listeners(mill: Mill) -> int:
    return int(mill.store.redis.pubsub_numsub(STOP_CHANNEL)[0][1])


def let_all_messages_arrive(mill: Mill, leases: Leases) -> None:
    """They are heard one after the other, and this one comes last."""
    mill.store.redis.publish(STOP_CHANNEL, "the last one")
    until(lambda: "the last one" in leases._stopped_jobs)


def until(happened: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 30
    while not happened():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_a_job_that_is_cancelled_stops_in_the_middle(mill: Mill, leases: Leases) -> None:
    mill.submit()
    unit = mill.claim()
    with leases.holding(unit) as lease:
        mill.store.run(verbs.cancel(unit.job_id, "local"))
        with pytest.raises(Stopped):
            lease.wait(10)


def test_a_job_that_is_cancelled_while_the_reply_to_its_claim_is_on_its_way_stops_at_once(mill: Mill, leases: Leases) -> None:
    """The message finds no lease that it could stop. The next beat would, but that is far away."""
    mill.submit()
    unit = mill.claim()
    mill.store.run(verbs.cancel(unit.job_id, "local"))
    let_all_messages_arrive(mill, leases)
    with leases.holding(unit) as lease, pytest.raises(Stopped):
        lease.wait(10)


def test_a_job_that_was_retried_since_is_not_stopped(mill: Mill, leases: Leases) -> None:
    job_id = mill.plan([100, 100])
    bad, _ = mill.claim("speech:tone:batch"), mill.claim("speech:tone:batch")
    mill.failed(bad)
    mill.store.run(verbs.retry(job_id, "local"))
    let_all_messages_arrive(mill, leases)
    with leases.holding(mill.claim("speech:tone:batch")) as lease:
        lease.wait(1)
