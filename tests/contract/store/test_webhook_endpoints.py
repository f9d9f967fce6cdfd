"""Webhook endpoints in the store: who is told of what, and when one is told nothing more."""

import pytest

from speechmill.job import Phase
from speechmill.store import deliveries, endpoints
from speechmill.store.endpoints import Changes, NewEndpoint
from speechmill.tasks import KEY_PREFIX
from speechmill.webhook_endpoint import DISABLED_EVENT
from tests.contract.store.conftest import Mill
from tests.contract.store.endpoint_steps import COMPLETED, all_due, change, complete, due, log, look, make, settle

DAY_S = 86_400


# Who is told -----------------------------------------------------------------------------------------------------------------


def test_an_event_goes_to_each_endpoint_under_one_id_and_to_the_job_s_own_webhook(mill: Mill) -> None:
    make(mill, "we_01", events=[COMPLETED])
    make(mill, "we_02", events=["*"])
    job_id = complete(mill, hook=(COMPLETED,))
    found = [event for event in all_due(mill) if event.type == COMPLETED]
    assert {event.event_id for event in found} == {event.id for event in found if event.endpoint is None}
    assert sorted(event.endpoint.id for event in found if event.endpoint) == ["we_01", "we_02"]
    assert {event.job_id for event in found} == {job_id}
    assert [event.endpoint.url for event in found if event.endpoint and event.endpoint.id == "we_01"] == [
        "https://we_01.example/hook"]


@pytest.mark.parametrize(("wanted", "told"), [
    (["*"], {"speech.job.started", COMPLETED}),
    (["speech.*"], {"speech.job.started", COMPLETED}),
    (["speech.job.*"], {"speech.job.started", COMPLETED}),
    ([COMPLETED], {COMPLETED}),
    (["book.*"], set()),
    (["*", "speech.job.progress"], {"speech.job.started", "speech.job.progress", COMPLETED}),
    (["speech.job.progress", "book.*"], {"speech.job.progress"}),
])
def test_progress_wants_to_be_named_and_all_else_comes_as_the_filter_says(mill: Mill, wanted: list[str], told: set[str]) -> None:
    make(mill, events=wanted)
    mill.plan([50, 50])
    for _ in range(2):
        mill.spoken(mill.claim())
    mill.completed(mill.claim())
    assert {event.type for event in all_due(mill)} == told


def test_without_an_endpoint_there_is_no_event_and_no_key(mill: Mill) -> None:
    complete(mill)
    assert all_due(mill) == []
    assert not [key for key in mill.store.redis.keys(KEY_PREFIX + "*") if "endpoint" in key or "deliver" in key]


def test_nobody_is_told_of_another_tenant_s_jobs(mill: Mill) -> None:
    make(mill, "we_01", tenant="ada")
    complete(mill, tenant="bob")
    assert all_due(mill) == []
    complete(mill, tenant="ada")
    assert {(event.tenant, event.endpoint.id) for event in all_due(mill) if event.endpoint} == {("ada", "we_01")}


def test_what_is_told_to_the_event_log_alone_is_told_to_no_endpoint(mill: Mill) -> None:
    """speech.job.queued and .segment are for clients that listen."""
    make(mill)
    mill.plan([50, 50])
    mill.spoken(mill.claim())
    assert {event.type for event in all_due(mill)} == {"speech.job.started"}


# The registry ----------------------------------------------------------------------------------------------------------------


def test_an_endpoint_is_kept_as_it_was_made_and_once(mill: Mill) -> None:
    made = make(mill)
    assert (made.url, made.events, made.description, made.metadata) == ("https://we_01.example/hook", ("*",), "for tests",
                                                                       {"team": "a"})
    assert (made.enabled, made.generation, made.older, made.failing_ms) == (True, 1, (), None)
    assert make(mill) == made == look(mill)


def test_a_tenant_may_have_so_many_and_no_more(mill: Mill) -> None:
    for n in range(3):
        make(mill, f"we_{n}", limit=3)
    new = NewEndpoint("we_9", "local", "https://example.com", ["*"], "", {})
    assert mill.store.run(endpoints.make_endpoint(new, 3)) is None
    assert make(mill, "we_1", limit=3).id == "we_1", "the same call again is no other endpoint"
    assert make(mill, "we_8", tenant="other", limit=3).tenant == "other"


def test_pages_hold_a_tenant_s_own_the_newest_first(mill: Mill) -> None:
    names = [make(mill, f"we_{n:02}").id for n in range(7)]
    for n, name in enumerate(names):
        mill.store.redis.zadd(KEY_PREFIX + "endpoints:local", {name: n})
    make(mill, "we_99", tenant="other")
    first = mill.store.run(endpoints.endpoints("local", after="", limit=3))
    assert first
    assert [each.id for each in first] == ["we_06", "we_05", "we_04", "we_03"]
    rest = mill.store.run(endpoints.endpoints("local", after="we_04", limit=10))
    assert rest
    assert [each.id for each in rest] == ["we_03", "we_02", "we_01", "we_00"]
    assert mill.store.run(endpoints.endpoints("local", after="we_99", limit=3)) is None


def test_another_tenant_s_endpoint_is_not_there(mill: Mill) -> None:
    theirs = make(mill, tenant="other")
    assert mill.store.run(endpoints.endpoint("we_01", "local")) is None
    assert mill.store.run(endpoints.change_endpoint("we_01", "local", Changes(enabled=False))) is None
    assert not mill.store.run(endpoints.delete_endpoint("we_01", "local"))
    assert mill.store.run(endpoints.test_endpoint("we_01", "local", "evt_1"))[0] == "missing"
    assert mill.store.run(deliveries.sent("we_01", "local", after="", limit=1)) == "missing"
    assert look(mill, tenant="other") == theirs


def test_what_was_changed_holds_from_the_next_try_on(mill: Mill) -> None:
    make(mill)
    complete(mill)
    changed = change(mill, url="https://new.example/", events=["book.*"], description="", metadata={})
    assert (changed.url, changed.events, changed.description, changed.metadata) == ("https://new.example/", ("book.*",), "", {})
    assert {event.endpoint.url for event in all_due(mill) if event.endpoint} == {"https://new.example/"}
    complete(mill)
    assert all_due(mill) == []


# Secrets ---------------------------------------------------------------------------------------------------------------------


def test_a_rotation_keeps_the_older_secret_for_its_overlap(mill: Mill) -> None:
    seen = make(mill)
    rotated = mill.store.run(endpoints.rotate_endpoint(seen, 60_000))
    assert rotated
    assert rotated.generation == 2
    assert [older.generation for older in rotated.older] == [1]
    assert mill.store.run(endpoints.rotate_endpoint(seen, 60_000)) == rotated, "the same call again makes no other secret"


def test_rotations_in_a_row_lose_no_secret_that_receivers_have_but_a_short_overlap_shortens_all(mill: Mill) -> None:
    seen = make(mill)
    for _ in range(5):
        rotated = mill.store.run(endpoints.rotate_endpoint(seen, 60_000))
        assert rotated
        seen = rotated
    assert [older.generation for older in seen.older] == [5, 4, 3]
    soon = mill.store.run(endpoints.rotate_endpoint(seen, 5))
    assert soon
    assert max(older.until_ms for older in soon.older) < min(older.until_ms for older in seen.older)
    ended = mill.store.run(endpoints.rotate_endpoint(soon, 0))
    assert ended
    assert (ended.generation, ended.older) == (8, ())


def test_nothing_in_redis_is_a_secret(mill: Mill) -> None:
    mill.store.run(endpoints.rotate_endpoint(make(mill), 60_000))
    assert "whsec" not in str(mill.store.redis.hgetall(KEY_PREFIX + "endpoint:we_01"))


# No more of it ---------------------------------------------------------------------------------------------------------------


def test_disabling_withdraws_what_waits_and_enabling_brings_the_next_events_alone(mill: Mill) -> None:
    make(mill, events=[COMPLETED])
    complete(mill)
    held = due(mill)
    complete(mill)
    disabled = change(mill, enabled=False)
    assert (disabled.enabled, disabled.reason) == (False, "requested")
    assert {sent.state for sent in log(mill)} == {"withdrawn"}
    assert mill.store.redis.zcard(KEY_PREFIX + "outbox") == 0
    assert not settle(mill, held, "again"), "who was at it finds that it was withdrawn"
    complete(mill)

    assert change(mill, enabled=True).enabled
    assert all_due(mill) == []
    job_id = complete(mill)
    assert due(mill).job_id == job_id
    assert len(log(mill)) == 3


def test_what_waits_beyond_the_log_is_withdrawn_when_its_time_comes(mill: Mill) -> None:
    make(mill)
    make(mill, "we_02", events=[COMPLETED])
    mill.store.redis.zadd(KEY_PREFIX + "deliveries:we_01", {f"evt_newer{n}_we_01": 10**15 for n in range(1000)})
    for n in range(110):
        mill.store.run(endpoints.test_endpoint("we_01", "local", f"evt_{n:04}"))
    change(mill, enabled=False)
    assert mill.store.redis.zcard(KEY_PREFIX + "outbox") == 110
    job_id = complete(mill)
    found = [mill.store.run(deliveries.due(60_000)) for _ in range(3)]
    assert [event.job_id for event in found if event] == [job_id]
    assert mill.store.redis.zcard(KEY_PREFIX + "outbox") == 1


def test_deleting_leaves_nothing_behind(mill: Mill) -> None:
    before = set(mill.store.redis.keys(KEY_PREFIX + "*"))
    make(mill, events=[COMPLETED])
    complete(mill)
    settle(mill, due(mill), "dead")
    complete(mill)
    held = due(mill)
    assert mill.store.run(endpoints.delete_endpoint("we_01", "local"))
    assert not mill.store.run(endpoints.delete_endpoint("we_01", "local"))
    left = set(mill.store.redis.keys(KEY_PREFIX + "*")) - before
    assert not [key for key in left if any(part in key for part in ("we_01", "outbox", "dead", "event:", "subscribed"))]
    assert not settle(mill, held, "again")
    complete(mill)
    assert all_due(mill) == []


def test_410_disables_at_once_and_the_other_endpoints_are_told(mill: Mill) -> None:
    make(mill, "we_01", events=[COMPLETED])
    make(mill, "we_02", events=["webhook_endpoint.*"])
    complete(mill)
    settle(mill, due(mill), "dead", fault="gone")
    gone = look(mill)
    assert (gone.enabled, gone.reason) == (False, "gone")
    notice = due(mill)
    assert (notice.type, notice.job_id) == (DISABLED_EVENT, "we_01")
    assert notice.endpoint
    assert notice.endpoint.id == "we_02"


def test_five_days_of_failure_disable_and_one_success_begins_anew(mill: Mill) -> None:
    make(mill, events=[COMPLETED])
    key = KEY_PREFIX + "endpoint:we_01"
    complete(mill)
    settle(mill, due(mill), "again", fault="failing", patience_s=5 * DAY_S)
    since_ms = look(mill).failing_ms
    assert since_ms
    assert look(mill).enabled

    mill.store.redis.hset(key, "failing", since_ms - 4 * DAY_S * 1000)
    settle(mill, due(mill), "delivered")
    assert look(mill).failing_ms is None

    complete(mill)
    settle(mill, due(mill), "again", fault="failing", patience_s=5 * DAY_S)
    mill.store.redis.hset(key, "failing", since_ms - 5 * DAY_S * 1000)
    settle(mill, due(mill), "again", fault="failing", patience_s=5 * DAY_S)
    failing = look(mill)
    assert (failing.enabled, failing.reason) == (False, "failing")
    assert all_due(mill) == []
    assert {sent.state for sent in log(mill)} == {"delivered", "withdrawn"}


def test_what_is_not_the_receiver_s_fault_and_no_patience_disable_nothing(mill: Mill) -> None:
    make(mill, events=[COMPLETED])
    complete(mill)
    settle(mill, due(mill), "again", patience_s=1)
    assert look(mill).failing_ms is None
    settle(mill, due(mill), "again", fault="failing", patience_s=0)
    mill.store.redis.hset(KEY_PREFIX + "endpoint:we_01", "failing", 1)
    settle(mill, due(mill), "again", fault="failing", patience_s=0)
    assert look(mill).enabled


def test_a_new_address_begins_without_the_old_one_s_failures(mill: Mill) -> None:
    make(mill, events=[COMPLETED])
    complete(mill)
    settle(mill, due(mill), "again", fault="failing", patience_s=1000)
    assert change(mill, url="https://new.example/").failing_ms is None


def test_a_long_job_s_events_reach_an_endpoint_once_each(mill: Mill) -> None:
    make(mill)
    mill.submit(phase=Phase.PLAN, characters=1000)
    complete(mill)
    events = all_due(mill)
    assert len({event.id for event in events}) == len(events)
