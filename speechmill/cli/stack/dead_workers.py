"""After a stack was killed, Redis still lists its workers for a while: they are struck off before new ones start.

Otherwise the stack would count them and call itself ready too early. Their leases are left alone; these end by themselves, and
what was in flight is spoken again.
"""

import time

import redis
from redis.exceptions import RedisError

from speechmill.cli.exits import Exit, Failure
from speechmill.store import verbs
from speechmill.store.client import Policy, Store
from speechmill.tasks import KEY_PREFIX

LOADING_S = 60.0
"""How long Redis may take to read what it wrote."""


def strike_off_dead_workers(redis_url: str) -> None:
    """Every worker that Redis knows is taken for dead. Waits until Redis answers; raises Failure when it does not."""
    client = redis.Redis.from_url(redis_url, decode_responses=True, socket_timeout=5)
    store = Store(client, Policy())
    deadline = time.monotonic() + LOADING_S
    while True:
        try:
            for worker in client.zrange(KEY_PREFIX + "workers", 0, -1):
                store.run(verbs.enlist(str(worker), "", "", "gone", {}))
            return
        except RedisError as error:
            if time.monotonic() > deadline:
                raise Failure(f"Redis does not answer: {error}", Exit.UNAVAILABLE) from None
            time.sleep(0.05)
        finally:
            client.close()
