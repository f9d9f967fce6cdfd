"""The guard of the door on a real Redis: whom it knows, and how often it asks."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
import redis
from pydantic import SecretStr

from producer.auth import Caller, Guard
from speechmill.errors import StoreUnavailable, Unauthorized
from speechmill.settings import LimitSettings, ProducerSettings, RedisSettings, Settings
from speechmill.store import tenants
from speechmill.store.client import AsyncStore, Policy, Store
from speechmill.tenants import NewKey, Scope, TenantLimits, new_key

N = 50
READ = frozenset({Scope.READ})


def settings(redis_url: str, a_minute: int = 0, **producer: Any) -> Settings:
    return Settings(redis=RedisSettings(url=redis_url), limits=LimitSettings(requests_a_minute=a_minute),
                    producer=ProducerSettings.model_validate(producer))


def made(redis_url: str, tenant: str = "acme") -> NewKey:
    key = new_key()
    with redis.Redis.from_url(redis_url, decode_responses=True) as client:
        Store(client, Policy()).run(tenants.make_key(key, tenant, "", READ, None))
    return key


def guarded(chosen: Settings, ask: Callable[[Guard], Awaitable[Caller | None]]) -> Caller | None:
    async def all_of_it() -> Caller | None:
        store = AsyncStore.open(chosen)
        try:
            return await ask(Guard(chosen, store))
        finally:
            await store.close()

    return asyncio.run(all_of_it())


def scripts_run(redis_url: str) -> int:
    with redis.Redis.from_url(redis_url, decode_responses=True) as client:
        said = client.info("commandstats")
    return sum(int(said.get(f"cmdstat_{name}", {}).get("calls", 0)) for name in ("eval", "evalsha"))


def asked(redis_url: str, chosen: Settings, header: str, *, counts: bool = True) -> tuple[int, float]:
    """How often N requests, one after the other, asked Redis, and how long they took, seconds. The first ones load scripts."""
    before, begun = 0, 0.0

    async def many(guard: Guard) -> None:
        nonlocal before, begun
        await guard.caller(header, counts=counts)
        before, begun = scripts_run(redis_url), time.monotonic()
        for _ in range(N):
            await guard.caller(header, counts=counts)

    guarded(chosen, many)
    return scripts_run(redis_url) - before, time.monotonic() - begun


def test_without_keys_redis_is_asked_once_a_second_and_by_nobody_who_was_told_that_none_is_wanted(redis_url: str) -> None:
    times, seconds = asked(redis_url, settings(redis_url), "Bearer not needed")
    assert times <= seconds + 1
    assert asked(redis_url, settings(redis_url, allow_anonymous=True), "")[0] == 0
    assert asked(redis_url, settings(redis_url, admin_key=SecretStr("k" * 32)), "Bearer " + "k" * 32)[0] == 0


def test_a_key_is_asked_for_once_a_second(redis_url: str) -> None:
    times, seconds = asked(redis_url, settings(redis_url), f"Bearer {made(redis_url).text}")
    assert times <= 2 * (seconds + 1)


def test_a_limited_request_asks_once_and_looking_does_not_count(redis_url: str) -> None:
    header = f"Bearer {made(redis_url).text}"
    assert asked(redis_url, settings(redis_url, a_minute=1000, allow_anonymous=False), header)[0] == N
    times, seconds = asked(redis_url, settings(redis_url, a_minute=1000, allow_anonymous=False), header, counts=False)
    assert times <= seconds + 1


def test_a_new_limit_holds_after_a_second_at_most(redis_url: str) -> None:
    key = made(redis_url)

    async def limited(guard: Guard) -> Caller:
        await guard.caller(f"Bearer {key.text}", counts=True)
        with redis.Redis.from_url(redis_url, decode_responses=True) as client:
            Store(client, Policy()).run(tenants.set_limits("acme", TenantLimits(requests_a_minute=5)))
        await asyncio.sleep(1.05)
        return await guard.caller(f"Bearer {key.text}", counts=True)

    caller = guarded(settings(redis_url), limited)
    assert caller
    assert caller.allowance.minute
    assert caller.allowance.minute.left == 4


def test_a_key_names_its_tenant_even_where_none_is_wanted(redis_url: str) -> None:
    key = made(redis_url)
    chosen = settings(redis_url, host="0.0.0.0", allow_anonymous=True)
    known = guarded(chosen, lambda guard: guard.caller(f"Bearer {key.text}", counts=False))
    assert known == Caller("acme", READ)
    anybody = guarded(chosen, lambda guard: guard.caller("Basic abc", counts=False))
    assert anybody
    assert (anybody.tenant, anybody.anonymous, Scope.ADMIN in anybody.scopes) == ("local", True, False)


@pytest.mark.parametrize("producer", [{"allow_anonymous": False}, {"host": "0.0.0.0"}, {"admin_key": SecretStr("k" * 32)}])
def test_where_a_key_is_wanted_none_is_not_enough(redis_url: str, producer: dict[str, Any]) -> None:
    with pytest.raises(Unauthorized, match="wants an API key"):
        guarded(settings(redis_url, **producer), lambda guard: guard.caller("Bearer ", counts=False))


def test_with_redis_away_nobody_is_let_in_unasked() -> None:
    with pytest.raises(StoreUnavailable):
        guarded(settings("redis://127.0.0.1:1/0"), lambda guard: guard.caller("", counts=False))


def test_in_a_full_redis_a_key_is_known_all_the_same(redis_url: str) -> None:
    key = made(redis_url)
    with redis.Redis.from_url(redis_url, decode_responses=True) as client:
        client.config_set("maxmemory", 1)
        try:
            known = guarded(settings(redis_url), lambda guard: guard.caller(f"Bearer {key.text}", counts=False))
        finally:
            client.config_set("maxmemory", 0)
    assert known
    assert known.tenant == "acme"
