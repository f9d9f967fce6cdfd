"""What a chaos run counts is what the store's scripts write: one end a job, and a second one would be noticed."""

import asyncio
from contextlib import closing

import redis

from speechmill.cli.chaos.event_log import EventLog, Told
from speechmill.store import verbs
from speechmill.store.client import EVENTS_KEY
from tests.contract.store.conftest import Mill


def read(redis_url: str) -> dict[str, Told]:
    async def catch_up() -> dict[str, Told]:
        log = EventLog(redis_url)
        await log.catch_up()
        await log.close()
        return log.jobs

    return asyncio.run(catch_up())


def test_each_job_has_the_end_that_the_store_gave_it(mill: Mill, redis_url: str) -> None:
    mill.submit()
    done = mill.claim()
    mill.completed(done)
    cancelled = mill.submit().job_id
    mill.store.run(verbs.cancel(cancelled, "local"))
    waiting = mill.submit().job_id
    assert read(redis_url) == {done.job_id: Told(1, 1, "completed"), cancelled: Told(1, 0, "cancelled"), waiting: Told()}


def test_a_second_end_is_counted_and_so_is_whatever_follows_an_end(mill: Mill, redis_url: str) -> None:
    mill.submit()
    done = mill.claim()
    mill.completed(done)
    with closing(redis.Redis.from_url(redis_url)) as client:
        for kind in ("segment", "completed"):
            client.xadd(EVENTS_KEY, {"job": done.job_id, "type": f"speech.job.{kind}"})
    assert read(redis_url) == {done.job_id: Told(2, 2, "completed", after_end=1)}


def test_a_log_that_is_longer_than_one_reading_is_read_to_its_end(mill: Mill, redis_url: str) -> None:
    jobs = {mill.submit().job_id for _ in range(1200)}
    assert read(redis_url).keys() == jobs
