"""What is kept of the deliveries to a webhook endpoint, and sending one again."""

import pytest

from speechmill.store import deliveries, endpoints, verbs
from speechmill.tasks import KEY_PREFIX
from tests.contract.store.conftest import Mill
from tests.contract.store.endpoint_steps import COMPLETED, all_due, change, complete, due, log, make, settle

# The log ---------------------------------------------------------------------------------------------------------------------


def test_the_log_tells_how_each_delivery_goes(mill: Mill) -> None:
    make(mill, events=[COMPLETED])
    job_id = complete(mill)
    (waiting,) = log(mill)
    assert (waiting.state, waiting.tries, waiting.status, waiting.tried_ms) == ("pending", 0, None, None)
    assert (waiting.job_id, waiting.type) == (job_id, COMPLETED)
    assert waiting.next_ms

    settle(mill, due(mill), "again", in_ms=0)
    (again,) = log(mill)
    assert (again.state, again.tries, again.status, again.error, again.duration_ms) == ("pending", 1, 500, "It answered 500.", 3)
    settle(mill, due(mill), "delivered")
    (taken,) = log(mill)
    assert (taken.state, taken.tries, taken.next_ms, taken.event_id) == ("delivered", 2, None, waiting.event_id)
    assert taken.tried_ms
    assert taken.tried_ms >= taken.created_ms


def test_the_log_is_bounded_and_comes_in_pages(mill: Mill) -> None:
    make(mill)
    older = {f"evt_{n:04}_we_01": n for n in range(998)}
    mill.store.redis.zadd(KEY_PREFIX + "deliveries:we_01", older)
    for n in range(998, 1003):
        mill.store.run(endpoints.test_endpoint("we_01", "local", f"evt_{n:04}"))
        mill.store.redis.zadd(KEY_PREFIX + "deliveries:we_01", {f"evt_{n:04}_we_01": n})
    kept = mill.store.redis.zrange(KEY_PREFIX + "deliveries:we_01", 0, -1)
    assert (len(kept), kept[0]) == (1000, "evt_0003_we_01")
    assert [sent.event_id for sent in log(mill, limit=2)] == ["evt_1002", "evt_1001", "evt_1000"], "one more, so there are more"
    assert log(mill, after="evt_1001_we_01", limit=1)[0].event_id == "evt_1000"
    assert mill.store.run(deliveries.sent("we_01", "local", after="evt_none_we_01", limit=1)) == "no_cursor"


def test_what_is_no_longer_kept_leaves_the_log(mill: Mill) -> None:
    make(mill, events=[COMPLETED])
    complete(mill)
    event = due(mill)
    settle(mill, event, "delivered")
    mill.store.redis.delete(f"{KEY_PREFIX}event:{event.id}")
    assert log(mill) == []
    assert mill.store.redis.zcard(KEY_PREFIX + "deliveries:we_01") == 0


def test_a_test_event_goes_to_the_one_endpoint_and_tells_of_it(mill: Mill) -> None:
    make(mill, "we_01", events=["book.*"])
    make(mill, "we_02")
    for _ in range(2):
        outcome, bells = mill.store.run(endpoints.test_endpoint("we_01", "local", "evt_t"))
        assert (outcome, dict(bells)) == ("done", {"deliver": 1})
    event = due(mill)
    assert (event.event_id, event.type, event.job_id) == ("evt_t", "webhook.test", "we_01")
    assert settle(mill, event, "delivered")
    change(mill, enabled=False)
    assert mill.store.run(endpoints.test_endpoint("we_01", "local", "evt_u"))[0] == "disabled"


# Sending again ---------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("outcome", ["delivered", "dead"])
def test_any_delivery_can_be_sent_again_under_its_id(mill: Mill, outcome: str) -> None:
    make(mill, events=[COMPLETED])
    complete(mill)
    event = due(mill)
    assert mill.store.run(deliveries.replay(event.id, "local", delivered=True))[0] == "done"
    assert all_due(mill) == [], "it is being tried: nobody else tries it too"
    settle(mill, event, outcome)
    assert mill.store.run(deliveries.replay(event.id, "other", delivered=True))[0] == "missing"
    assert mill.store.run(deliveries.replay(event.id, "local", delivered=True))[0] == "done"
    again = due(mill)
    assert (again.id, again.event_id, again.tries) == (event.id, event.event_id, 1)


def test_a_dead_delivery_is_listed_with_its_endpoint_and_replayed_by_its_id(mill: Mill) -> None:
    make(mill, events=[COMPLETED])
    complete(mill)
    event = due(mill)
    settle(mill, event, "dead")
    listed = mill.store.run(deliveries.dead_events("local", after="", limit=10))
    assert listed
    assert [(each.id, each.url, each.endpoint_id) for each in listed] == [(event.id, "https://we_01.example/hook", "we_01")]
    assert mill.store.run(deliveries.replay(event.id, "local"))[0] == "done"
    assert due(mill).id == event.id


def test_what_cannot_be_sent_again_says_why(mill: Mill) -> None:
    make(mill, events=[COMPLETED])
    job_id = complete(mill)
    event = due(mill)
    settle(mill, event, "dead")
    change(mill, enabled=False)
    assert mill.store.run(deliveries.replay(event.id, "local"))[0] == "endpoint_disabled"
    change(mill, enabled=True)
    mill.store.run(verbs.delete(job_id, "local"))
    assert mill.store.run(deliveries.replay(event.id, "local"))[0] == "job_gone"
