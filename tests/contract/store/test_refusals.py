"""A Redis that answers, and refuses to write: the store is away, whatever Redis calls it, and takes up again where it was."""

from collections.abc import Iterator
from contextlib import closing, contextmanager

import pytest
import redis

from speechmill.errors import StoreUnavailable
from speechmill.job import Status
from tests.contract.store.conftest import Mill

SETTINGS = {"full": ("maxmemory", "1", "0"), "short of replicas": ("min-replicas-to-write", "1", "0")}


@contextmanager
def refusing(redis_url: str, setting: str, broken: str, whole: str) -> Iterator[None]:
    with closing(redis.Redis.from_url(redis_url)) as client:
        client.config_set(setting, broken)
        try:
            yield
        finally:
            client.config_set(setting, whole)


@contextmanager
def replica_of_nobody(redis_url: str) -> Iterator[None]:
    with closing(redis.Redis.from_url(redis_url)) as client:
        client.replicaof("127.0.0.1", "1")
        try:
            yield
        finally:
            client.replicaof("NO", "ONE")


@pytest.mark.parametrize("setting", SETTINGS.values(), ids=SETTINGS)
def test_a_redis_that_refuses_to_write_is_unavailable(mill: Mill, redis_url: str, setting: tuple[str, str, str]) -> None:
    with refusing(redis_url, *setting), pytest.raises(StoreUnavailable):
        mill.submit()
    assert mill.look(mill.submit().job_id).status is Status.QUEUED


def test_a_redis_that_was_made_a_replica_is_unavailable_and_loses_no_lease(mill: Mill, redis_url: str) -> None:
    job_id = mill.submit().job_id
    unit = mill.claim()
    with replica_of_nobody(redis_url), pytest.raises(StoreUnavailable):
        mill.completed(unit)
    assert mill.completed(unit).committed
    assert mill.look(job_id).status is Status.COMPLETED
