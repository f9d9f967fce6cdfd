"""DUE shares the couriers of webhooks between tenants: no receiver holds up another tenant, and none is forgotten."""

import time
from collections import Counter

import pytest

from speechmill.store import deliveries, endpoints
from speechmill.store.client import Policy
from speechmill.store.deliveries import DueEvent
from speechmill.tasks import KEY_PREFIX
from tests.contract.store.conftest import Mill
from tests.contract.store.endpoint_steps import make, settle

HOLD_MS = 60_000


def owe(mill: Mill, tenant: str, events: int) -> None:
    """So many events are due to a receiver of this tenant."""
    endpoint = f"we_{tenant}"
    make(mill, endpoint, tenant)
    for n in range(events):
        assert mill.store.run(endpoints.test_endpoint(endpoint, tenant, f"evt_{n:04}"))[0] == "done"


def take(mill: Mill, hold_ms: int = HOLD_MS) -> DueEvent:
    event = mill.store.run(deliveries.due(hold_ms))
    assert event, "nothing is due"
    return event


def in_line(mill: Mill) -> list[str]:
    return [str(tenant) for tenant in mill.store.redis.zrange(KEY_PREFIX + "outboxes", 0, -1)]


def test_a_receiver_that_hangs_holds_up_no_other_tenant(mill: Mill) -> None:
    owe(mill, "hanging", 1000)
    hung = [take(mill) for _ in range(4)]
    owe(mill, "other", 1)
    settle(mill, hung[0], "again", in_ms=5000)
    assert take(mill).tenant == "other"
    assert mill.store.redis.zcard(KEY_PREFIX + "outbox") == 1001, "none is lost"


def test_with_one_courier_alone_tenants_take_turns(mill: Mill) -> None:
    owe(mill, "hanging", 20)
    settle(mill, take(mill), "again", in_ms=5000)
    owe(mill, "other", 3)
    served = []
    for _ in range(6):
        time.sleep(0.002)  # turns are told apart by the millisecond
        event = take(mill)
        served.append(event.tenant)
        settle(mill, event, "again", in_ms=5000)
    assert Counter(served) == {"hanging": 3, "other": 3}


def test_a_tenant_that_is_alone_has_every_courier(mill: Mill) -> None:
    owe(mill, "alone", 9)
    assert [take(mill).tenant for _ in range(9)] == ["alone"] * 9
    assert mill.store.run(deliveries.due(HOLD_MS)) is None


def test_couriers_are_shared_evenly_though_one_receiver_is_fast(mill: Mill) -> None:
    owe(mill, "hanging", 100)
    owe(mill, "fast", 100)
    posting = Counter[str]()
    for _ in range(40):
        event = take(mill)
        if event.tenant == "fast" and posting["hanging"] == posting["fast"] + 1:
            settle(mill, event, "delivered")
        else:
            posting[event.tenant] += 1
        assert abs(posting["hanging"] - posting["fast"]) <= 1
    assert posting["hanging"] < 20, "the fast one was handed the others"


def test_of_more_tenants_than_are_looked_at_each_has_its_turn(mill: Mill) -> None:
    names = [f"t{n:03}" for n in range(120)]
    for name in names:
        owe(mill, name, 2)
    assert sorted(take(mill).tenant for _ in range(240)) == sorted(names * 2)


def test_a_courier_that_died_takes_its_tenant_s_share_only_until_its_hold_ends(mill: Mill) -> None:
    owe(mill, "unlucky", 3)
    owe(mill, "other", 3)
    lost = [take(mill, hold_ms=0) for _ in range(4)]
    assert {event.tenant for event in lost} == {"unlucky", "other"}
    assert Counter(take(mill).tenant for _ in range(6)) == {"unlucky": 3, "other": 3}
    assert mill.store.run(deliveries.due(HOLD_MS)) is None


@pytest.mark.parametrize("outcome", ["delivered", "again", "dead"])
def test_who_settles_an_event_gives_the_share_back(mill: Mill, outcome: str) -> None:
    owe(mill, "local", 1)
    event = take(mill)
    assert mill.store.redis.zcard(KEY_PREFIX + "posting:local") == 1
    settle(mill, event, outcome, in_ms=60_000)
    assert not mill.store.redis.exists(KEY_PREFIX + "posting:local")
    assert in_line(mill) == (["local"] if outcome == "again" else [])


def test_who_has_nothing_due_stands_in_nobody_s_way(mill: Mill) -> None:
    """And comes forward with its next event."""
    owe(mill, "later", 1)
    settle(mill, take(mill), "again", in_ms=3_600_000)
    owe(mill, "now", 1)
    assert take(mill).tenant == "now"
    assert mill.store.run(deliveries.due(HOLD_MS)) is None
    mill.store.run(endpoints.test_endpoint("we_later", "later", "evt_new"))
    assert take(mill).event_id == "evt_new"


def test_of_an_endpoint_that_is_deleted_nothing_stays_in_line(mill: Mill) -> None:
    owe(mill, "local", 5)
    take(mill)
    mill.store.run(endpoints.delete_endpoint("we_local", "local"))
    assert not [key for key in mill.store.redis.keys(KEY_PREFIX + "*") if "outbox" in key or "posting" in key]


# The lists of the dead -------------------------------------------------------------------------------------------------------


def give_up(mill: Mill, tenant: str) -> DueEvent:
    event = take(mill)
    assert event.tenant == tenant
    settle(mill, event, "dead")
    return event


def test_a_tenant_s_dead_events_are_listed_apart_and_counted_together(mill: Mill) -> None:
    owe(mill, "a", 1)
    mine = give_up(mill, "a")
    owe(mill, "b", 1)
    give_up(mill, "b")
    assert mill.store.redis.zrange(KEY_PREFIX + "dead:a", 0, -1) == [mine.id]
    assert mill.store.redis.zcard(KEY_PREFIX + "dead") == 2
    assert mill.store.run(deliveries.replay(mine.id, "a"))[0] == "done"
    assert not mill.store.redis.exists(KEY_PREFIX + "dead:a")
    assert mill.store.redis.zcard(KEY_PREFIX + "dead") == 1


def test_what_is_no_longer_kept_leaves_a_tenant_s_list(mill: Mill) -> None:
    results_ms = Policy().results_ms
    owe(mill, "local", 1)
    listed = give_up(mill, "local")
    mill.store.redis.zadd(KEY_PREFIX + "dead:local", {"evt_old": listed.at_ms - results_ms - 1})
    found = mill.store.run(deliveries.dead_events("local", after="", limit=10))
    assert found is not None
    assert [event.id for event in found] == [listed.id]
    assert mill.store.redis.zcard(KEY_PREFIX + "dead:local") == 1
    assert mill.store.redis.pttl(KEY_PREFIX + "dead:local") > results_ms, "the list of one who is never heard of again goes, too"
