"""Keys, limits and usage, on a real Redis."""

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
import redis

from producer.auth import refuse_an_open_door
from speechmill.settings import BadSettings, ProducerSettings, RedisSettings, Settings
from speechmill.store import tenants, verbs
from speechmill.store.client import Policy, Store
from speechmill.store.tenants import Admission, Asking
from speechmill.tasks import KEY_PREFIX
from speechmill.tenants import NewKey, Scope, TenantLimits, Usage, digest, new_key
from tests.contract.store.conftest import OUTPUT, Mill
from tests.contract.store.test_books import BOOK, divide, finish, make_chapter, submit_book

BOTH = frozenset({Scope.SPEECH, Scope.READ})
AT_ONCE = 20


@pytest.fixture
def store(redis_url: str) -> Iterator[Store]:
    client = redis.Redis.from_url(redis_url, decode_responses=True)
    yield Store(client, Policy())
    client.close()


def made(store: Store, tenant: str = "acme", expires_in_ms: int | None = None) -> NewKey:
    key = new_key()
    store.run(tenants.make_key(key, tenant, "a name", BOTH, expires_in_ms))
    return key


def admission(store: Store, text: str, key_id: str, *, counts: bool = False, a_minute: int = 0) -> Admission | None:
    return store.run(tenants.admit(Asking(key_id, digest(text), counts=counts, requests_a_minute=a_minute)))


def admitted(store: Store, key: NewKey, *, counts: bool = False, a_minute: int = 0) -> Admission:
    found = admission(store, key.text, key.id, counts=counts, a_minute=a_minute)
    assert found
    return found


def usage(store: Store, tenant: str = "local") -> Usage:
    (today,) = store.run(tenants.usage(tenant, 1)).days
    return today


# Keys -----------------------------------------------------------------------------------------------------------------------


def test_a_key_is_known_by_its_whole_text_alone(store: Store) -> None:
    key = made(store)
    assert admitted(store, key).tenant == "acme"
    assert admitted(store, key).scopes == BOTH
    assert admission(store, key.text[:-1] + "x", key.id) is None
    assert admission(store, key.text, "0" * 16) is None


def test_nothing_in_redis_is_a_key_that_could_be_used(store: Store) -> None:
    key = made(store)
    kept = store.redis.hgetall(f"{KEY_PREFIX}key:{key.id}")
    assert kept["digest"] == digest(key.text)
    assert key.text.rpartition("-")[2] not in str(kept)


def test_a_key_that_expired_or_was_revoked_is_told_so(store: Store) -> None:
    brief, other = made(store, expires_in_ms=1), made(store)
    time.sleep(0.01)
    assert admitted(store, brief).expired
    first = store.run(tenants.revoke_key(other.id))
    assert first
    assert first.revoked_ms
    assert store.run(tenants.revoke_key(other.id)) == first
    assert admitted(store, other).revoked
    assert store.run(tenants.revoke_key("0" * 16)) is None


def test_keys_are_listed_by_page_and_by_tenant(store: Store) -> None:
    ids = []
    for tenant in ("acme", "other", "acme"):
        ids.append(made(store, tenant).id)
        time.sleep(0.002)
    ids.reverse()

    def listed(tenant: str, after: str = "", limit: int = 10) -> list[str] | None:
        found = store.run(tenants.keys(tenant, after=after, limit=limit))
        return None if found is None else [key.id for key in found]

    assert listed("") == ids
    assert listed("", after=ids[0]) == ids[1:]
    assert listed("", limit=1) == ids[:2]
    assert listed("acme") == [ids[0], ids[2]]
    assert listed("", after="nobody") is None


def test_when_a_key_was_used_is_told_to_a_minute(store: Store) -> None:
    key = made(store)
    admitted(store, key)
    listed = store.run(tenants.keys("", after="", limit=1))
    assert listed
    record = listed[0]
    admitted(store, key)
    assert store.run(tenants.keys("", after="", limit=1)) == [record]
    assert record.used_ms
    assert record.used_ms >= record.created_ms


def test_the_door_stays_shut_when_the_last_key_was_revoked(store: Store) -> None:
    assert not store.run(tenants.any_key())
    key = made(store)
    store.run(tenants.revoke_key(key.id))
    assert store.run(tenants.any_key())


def test_a_producer_that_others_reach_starts_once_there_is_a_key(store: Store, redis_url: str) -> None:
    settings = Settings(redis=RedisSettings(url=redis_url), producer=ProducerSettings(host="0.0.0.0"))
    with pytest.raises(BadSettings, match="there is no API key"):
        refuse_an_open_door(settings)
    made(store)
    refuse_an_open_door(settings)


# The minute ----------------------------------------------------------------------------------------------------------------


def test_of_twenty_requests_at_once_only_as_many_pass_as_may(store: Store) -> None:
    key = made(store)
    with ThreadPoolExecutor(AT_ONCE) as pool:
        found = list(pool.map(lambda _: admitted(store, key, counts=True, a_minute=5), range(AT_ONCE)))
    minutes = [each.minute for each in found if each.minute]
    assert sum(minute.admitted for minute in minutes) == 5
    assert min(minute.left for minute in minutes) == 0
    assert all(0 < minute.next_ms <= 12_000 for minute in minutes if not minute.admitted)
    assert all(minute.full_ms <= 60_000 for minute in minutes)


def test_what_flows_back_may_be_used_again(store: Store) -> None:
    key = made(store)
    for _ in range(2):
        admitted(store, key, counts=True, a_minute=2)
    assert not _passes(store, key, 2)
    bucket = KEY_PREFIX + "minute:acme"
    store.redis.hincrby(bucket, "at", -30_000)  # as if half a minute had passed
    assert _passes(store, key, 2)
    assert not _passes(store, key, 2)
    assert 0 < store.redis.pttl(bucket) <= 120_000


def _passes(store: Store, key: NewKey, a_minute: int) -> bool:
    minute = admitted(store, key, counts=True, a_minute=a_minute).minute
    assert minute
    return minute.admitted


def test_who_knows_an_id_alone_takes_nothing_from_its_tenant(store: Store) -> None:
    key = made(store)
    for _ in range(3):
        assert admission(store, "sk-sm-guessed", key.id, counts=True, a_minute=1) is None
    assert _passes(store, key, 1)


def test_requests_that_do_not_count_and_tenants_without_a_limit_write_nothing(store: Store) -> None:
    key = made(store)
    assert admitted(store, key, counts=False, a_minute=1).minute is None
    assert admitted(store, key, counts=True, a_minute=0).minute is None
    assert not store.redis.exists(KEY_PREFIX + "minute:acme")


def test_a_tenants_own_limit_goes_before_the_settings(store: Store) -> None:
    key = made(store)
    store.run(tenants.set_limits("acme", TenantLimits(requests_a_minute=0)))
    assert admitted(store, key, counts=True, a_minute=1).minute is None
    store.run(tenants.set_limits("acme", TenantLimits(requests_a_minute=7)))
    minute = admitted(store, key, counts=True, a_minute=1).minute
    assert minute
    assert (minute.limit, minute.left) == (7, 6)


# What a tenant may have ----------------------------------------------------------------------------------------------------


def test_limits_are_kept_and_become_the_default_again(store: Store) -> None:
    limits = TenantLimits(weight=2.5, jobs=3, characters_a_day=0)
    store.run(tenants.set_limits("acme", limits))
    assert store.run(tenants.tenant_limits("acme")) == limits
    store.run(tenants.set_limits("acme", TenantLimits()))
    assert store.run(tenants.tenant_limits("acme")) == TenantLimits()
    assert store.run(tenants.tenants(after="", limit=10)) == ["acme"]


def test_tenants_are_listed_in_order_and_by_page(store: Store) -> None:
    for name in ("b", "c", "a"):
        store.run(tenants.set_limits(name, TenantLimits(jobs=1)))
    assert store.run(tenants.tenants(after="", limit=1)) == ["a", "b"]
    assert store.run(tenants.tenants(after="b", limit=1)) == ["c"]


def test_a_weight_is_that_of_the_fair_queue(mill: Mill) -> None:
    mill.store.run(tenants.set_limits("heavy", TenantLimits(weight=3)))
    for _ in range(8):
        mill.submit(tenant="light", characters=100)
        mill.submit(tenant="heavy", characters=100)
    served = [mill.claim().tenant for _ in range(8)]
    assert served.count("heavy") == 6


def test_of_twenty_jobs_at_once_only_as_many_are_accepted_as_may_be(mill: Mill) -> None:
    with ThreadPoolExecutor(AT_ONCE) as pool:
        found = list(pool.map(lambda n: mill.submit(job_id=f"speech_at_once_{n}", job_limit=5), range(AT_ONCE)))
    assert sorted(each.outcome for each in found) == ["busy"] * 15 + ["created"] * 5
    assert {each.limit for each in found if each.outcome == "busy"} == {5}


def test_a_job_in_progress_counts_until_it_has_ended(mill: Mill) -> None:
    mill.submit(job_limit=1)
    unit = mill.claim()
    assert mill.submit(job_limit=1).outcome == "busy"
    assert mill.submit(tenant="other", job_limit=1).outcome == "created"
    mill.completed(unit)
    assert mill.submit(job_limit=1).outcome == "created"


def test_a_retry_is_refused_like_a_new_job(mill: Mill) -> None:
    job_id = mill.submit().job_id
    mill.failed(mill.claim())
    mill.submit()
    assert mill.store.run(verbs.retry(job_id, "local", queue_limit=1)) == ("full", (), 1)
    unit = mill.claim()
    assert mill.store.run(verbs.retry(job_id, "local", queue_limit=1, job_limit=1)) == ("busy", (), 1)
    mill.store.run(tenants.set_limits("local", TenantLimits(jobs=2)))
    assert mill.store.run(verbs.retry(job_id, "local", job_limit=1))[0] == "done"
    assert mill.completed(unit).committed


def test_of_twenty_texts_at_once_no_more_characters_are_accepted_than_may_be(mill: Mill) -> None:
    with ThreadPoolExecutor(AT_ONCE) as pool:
        found = list(pool.map(
            lambda n: mill.submit(job_id=f"speech_at_once_{n}", characters=100, characters_a_day=550), range(AT_ONCE)))
    assert sorted(each.outcome for each in found) == ["created"] * 5 + ["spent"] * 15
    assert sorted(each.characters_left for each in found if each.outcome == "created") == [50, 150, 250, 350, 450]
    assert usage(mill.store).characters == 500
    assert mill.submit(characters=50, characters_a_day=550).outcome == "created"


def test_a_tenants_own_limits_go_before_the_settings_here_too(mill: Mill) -> None:
    mill.store.run(tenants.set_limits("local", TenantLimits(queued_jobs=1, jobs=2, characters_a_day=1000)))
    assert mill.submit(job_limit=1, characters_a_day=1).outcome == "created"
    refused = mill.submit()
    assert (refused.outcome, refused.limit) == ("full", 1)
    mill.store.run(tenants.set_limits("local", TenantLimits(queued_jobs=0, jobs=0, characters_a_day=0)))
    assert mill.submit(queue_limit=1, job_limit=1, characters_a_day=1).outcome == "created"


def test_a_repetition_is_no_new_job_for_any_limit(mill: Mill) -> None:
    first = mill.submit(idempotency_key="k", fingerprint="a", job_limit=1, characters_a_day=100)
    again = mill.submit(idempotency_key="k", fingerprint="a", job_limit=1, characters_a_day=100)
    assert (again.outcome, again.job_id) == ("replayed", first.job_id)
    assert usage(mill.store) == Usage(usage(mill.store).day, jobs=1, characters=100)


# What a tenant used --------------------------------------------------------------------------------------------------------


def test_usage_counts_what_was_accepted_spoken_and_made_once(mill: Mill) -> None:
    mill.submit(job_id="speech_one", tenant="acme", characters=120)
    mill.submit(job_id="speech_one", tenant="acme", characters=120)  # the reply was lost
    unit = mill.claim()
    take = {"flags": [], "key": "k", "spoken": 1, "cached": False}
    for _ in range(2):
        mill.store.run(verbs.completed(unit, OUTPUT, take=take, speak_ms=10))
    today = usage(mill.store, "acme")
    assert today == Usage(int(time.time()) // 86_400, jobs=1, characters=120, spoken_characters=120, audio_ms=1500)
    assert mill.store.run(tenants.usage("other", 30)).days == ()


def test_segments_that_were_found_are_not_spoken(mill: Mill) -> None:
    job_id = mill.plan([100, 60])
    first, second = mill.claim(), mill.claim()
    for _ in range(2):
        mill.spoken(first, spoken=1, cached=False)
    mill.spoken(second, spoken=0, cached=True)
    assert mill.look(job_id).segments.completed == 2
    assert (usage(mill.store).characters, usage(mill.store).spoken_characters) == (160, 100)


def test_a_book_counts_its_characters_when_it_was_read_and_its_sound_by_chapter(mill: Mill) -> None:
    submit_book(mill, characters_a_day=100)
    assert (usage(mill.store).jobs, usage(mill.store).characters) == (1, 0)
    divide(mill, 2, window=1, characters=60)
    assert usage(mill.store).characters == 120
    for _ in range(2):
        make_chapter(mill, [60])
    finish(mill, BOOK)
    assert usage(mill.store).audio_ms == 2 * round(OUTPUT.duration_seconds * 1000)
    assert mill.submit(characters=1, characters_a_day=100).outcome == "spent"


def test_a_days_usage_ends_by_itself_after_400_days(mill: Mill) -> None:
    mill.submit()
    (key,) = mill.store.redis.keys(KEY_PREFIX + "usage:*")
    assert 399 * 86_400 < mill.store.redis.ttl(key) <= 400 * 86_400

