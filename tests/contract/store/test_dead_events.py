"""Webhook events that were given up: listed for their tenant, and sent again under their id."""

import pytest

from speechmill.store import deliveries, verbs
from speechmill.store.deliveries import DeadEvent, DueEvent
from speechmill.tasks import KEY_PREFIX
from tests.contract.store.conftest import Mill

HOOK = ("speech.job.completed",)
NOTE = '{"status": 500, "error": "It answered 500.", "duration_ms": 3}'


def due(mill: Mill) -> DueEvent:
    event = mill.store.run(deliveries.due(60_000))
    assert event
    return event


def give_up(mill: Mill, tenant: str = "local", note: str = NOTE) -> DueEvent:
    """A completed job whose event nobody took."""
    mill.submit(tenant=tenant, hook=HOOK)
    mill.completed(mill.claim())
    event = due(mill)
    assert mill.store.run(deliveries.settled(event, "dead", note=note))
    return event


def dead(mill: Mill, tenant: str = "local", after: str = "", limit: int = 100) -> list[DeadEvent]:
    events = mill.store.run(deliveries.dead_events(tenant, after=after, limit=limit))
    assert events is not None
    return events


def test_an_event_that_was_given_up_says_why(mill: Mill) -> None:
    event = give_up(mill)
    (listed,) = dead(mill)
    assert (listed.id, listed.job_id, listed.type) == (event.id, event.job_id, "speech.job.completed")
    assert (listed.tries, listed.status, listed.error, listed.url) == (1, 500, "It answered 500.", "https://example.com")
    assert listed.created_ms == event.at_ms
    assert listed.given_up_ms >= event.at_ms


def test_an_event_of_which_no_try_was_made_says_why_too(mill: Mill) -> None:
    give_up(mill, note="unexpected error")
    assert [(event.status, event.error) for event in dead(mill)] == [(None, "unexpected error")]


def test_pages_hold_a_tenant_s_own_events_alone_the_newest_first(mill: Mill) -> None:
    ids: dict[str, list[str]] = {"a": [], "b": []}
    for n in range(230):
        tenant = "a" if n % 2 else "b"
        ids[tenant].append(give_up(mill, tenant).id)
        mill.store.redis.zadd(f"{KEY_PREFIX}dead:{tenant}", {ids[tenant][-1]: 10**15 + n})

    first = dead(mill, "a", limit=100)
    assert len(first) == 101
    rest = dead(mill, "a", after=first[99].id, limit=100)
    assert [event.id for event in (*first[:100], *rest)] == ids["a"][::-1]
    assert dead(mill, "nobody") == []


def test_neither_an_event_of_somebody_else_nor_one_that_is_gone_is_a_place_to_go_on_after(mill: Mill) -> None:
    theirs = give_up(mill, "other").id
    for after in (theirs, "evt_nothing"):
        assert mill.store.run(deliveries.dead_events("local", after=after, limit=10)) is None


def test_a_replayed_event_is_due_at_once_under_its_id_with_all_its_tries(mill: Mill) -> None:
    event = give_up(mill)
    outcome, bells = mill.store.run(deliveries.replay(event.id, "local"))
    assert (outcome, dict(bells)) == ("done", {"deliver": 1})
    assert dead(mill) == []
    assert mill.store.redis.ttl(f"{KEY_PREFIX}event:{event.id}") == -1, "it must outlast a schedule of any length"

    again = due(mill)
    assert (again.id, again.job_id, again.type, again.at_ms, again.tries) == (event.id, event.job_id, event.type, event.at_ms, 1)
    assert mill.store.run(deliveries.settled(again, "delivered"))
    assert mill.store.run(deliveries.due(1)) is None
    assert mill.store.redis.ttl(f"{KEY_PREFIX}event:{event.id}") > 0


def test_a_replayed_event_may_be_given_up_again(mill: Mill) -> None:
    event = give_up(mill)
    mill.store.run(deliveries.replay(event.id, "local"))
    assert mill.store.run(deliveries.settled(due(mill), "dead", note="{}"))
    assert [listed.id for listed in dead(mill)] == [event.id]


def test_a_replay_that_is_said_twice_is_done_once(mill: Mill) -> None:
    event = give_up(mill)
    assert [mill.store.run(deliveries.replay(event.id, "local"))[0] for _ in range(2)] == ["done", "done"]
    held = due(mill)
    assert mill.store.run(deliveries.replay(event.id, "local"))[0] == "done"
    assert mill.store.run(deliveries.due(1)) is None, "it must not be posted by two"
    assert mill.store.run(deliveries.settled(held, "delivered"))


@pytest.mark.parametrize(("event_id", "tenant"), [("", "other"), ("evt_nothing", "local")])
def test_there_is_no_event_but_one_s_own(mill: Mill, event_id: str, tenant: str) -> None:
    event = give_up(mill)
    assert mill.store.run(deliveries.replay(event_id or event.id, tenant))[0] == "missing"
    assert [listed.id for listed in dead(mill)] == [event.id]


def test_what_was_delivered_is_not_sent_again(mill: Mill) -> None:
    mill.submit(hook=HOOK)
    mill.completed(mill.claim())
    event = due(mill)
    mill.store.run(deliveries.settled(event, "delivered"))
    assert mill.store.run(deliveries.replay(event.id, "local"))[0] == "delivered"
    assert mill.store.run(deliveries.due(1)) is None


def test_an_event_whose_job_is_gone_is_listed_without_a_url_and_cannot_be_sent(mill: Mill) -> None:
    event = give_up(mill)
    assert mill.store.run(verbs.delete(event.job_id, "local")) == "done"
    assert [listed.url for listed in dead(mill)] == [""]
    assert mill.store.run(deliveries.replay(event.id, "local"))[0] == "job_gone"
    assert [listed.id for listed in dead(mill)] == [event.id]
