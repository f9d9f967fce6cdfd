"""A worker may have hundreds of slots, and all of them something to tell at the same moment."""

from concurrent.futures import ThreadPoolExecutor
from contextlib import closing

import redis

from speechmill.settings import RedisSettings, Settings
from speechmill.store import verbs
from speechmill.store.client import Store

SLOTS = 400
PAUSE_MS = 2000


def test_hundreds_of_threads_wait_for_redis_at_once_and_none_is_told_that_it_is_away(redis_url: str) -> None:
    settings = Settings(redis=RedisSettings(url=redis_url))
    with (closing(Store.open(settings)) as store, closing(redis.Redis.from_url(redis_url)) as operator,
          ThreadPoolExecutor(SLOTS) as slots):
        operator.execute_command("CLIENT", "PAUSE", str(PAUSE_MS), "WRITE")  # type: ignore[no-untyped-call]
        beats = [slots.submit(store.run, verbs.beat(f"worker_{n}", (), 0)) for n in range(SLOTS)]
        assert [beat.result() for beat in beats] == [(False, ())] * SLOTS
