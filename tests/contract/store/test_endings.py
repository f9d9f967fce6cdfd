"""Cancelling, deadlines, deleting, expiry, and the events that each end writes."""

import threading
import time
from typing import Any

from speechmill.job import Status, Unit
from speechmill.store import deliveries, verbs
from speechmill.store.client import EVENTS_KEY, STOP_CHANNEL
from speechmill.tasks import KEY_PREFIX
from tests.contract.store.conftest import OUTPUT, Mill

ENDS = ("speech.job.completed", "speech.job.failed", "speech.job.cancelled", "speech.job.expired")


def test_a_queued_job_is_cancelled_at_once(mill: Mill) -> None:
    job_id = mill.submit().job_id
    assert mill.store.run(verbs.cancel(job_id, "local"))[0] == "done"
    assert mill.look(job_id).status is Status.CANCELLED
    assert mill.nothing_to_claim()
    assert mill.store.run(verbs.cancel(job_id, "local"))[0] == "ended"


def test_a_running_job_is_cancelled_when_its_last_unit_comes_back(mill: Mill) -> None:
    job_id = mill.plan([100] * 3)
    first, second = mill.claim("speech:tone:batch"), mill.claim("speech:tone:batch")
    mill.store.run(verbs.cancel(job_id, "local"))
    assert mill.look(job_id).status is Status.CANCELLING
    assert mill.beat(first, second) == (first.ref, second.ref)
    mill.store.run(verbs.released(first))
    assert mill.look(job_id).status is Status.CANCELLING
    mill.spoken(second)
    assert mill.look(job_id).status is Status.CANCELLED
    assert mill.nothing_to_claim()
    assert mill.counts("depth") == mill.counts("leased") == {}


def test_cancelling_is_told_to_the_workers(mill: Mill) -> None:
    job_id = mill.submit().job_id
    mill.claim()
    with mill.store.redis.pubsub(ignore_subscribe_messages=True) as channel:  # type: ignore[no-untyped-call]
        channel.subscribe(STOP_CHANNEL)
        mill.store.run(verbs.cancel(job_id, "local"))
        message = None
        deadline = time.monotonic() + 30
        while message is None and time.monotonic() < deadline:  # Redis tells first that it was subscribed to
            message = channel.get_message(timeout=0.1)
    assert message
    assert message["data"] == job_id


def test_a_result_published_before_the_cancel_is_seen_wins(mill: Mill) -> None:
    job_id = mill.submit().job_id
    unit = mill.claim()
    mill.store.run(verbs.cancel(job_id, "local"))
    assert mill.completed(unit).committed
    assert mill.look(job_id).status is Status.COMPLETED


def test_a_worker_that_dies_while_cancelling_ends_the_job(mill: Mill) -> None:
    job_id = mill.submit().job_id
    unit = mill.claim()
    mill.store.run(verbs.cancel(job_id, "local"))
    mill.let_leases_end(unit)
    mill.sweep()
    assert mill.look(job_id).status is Status.CANCELLED


def hang_up(mill: Mill, job_id: str, waiter: str) -> str:
    return mill.store.run(verbs.cancel(job_id, "local", waiter=waiter))[0]


def test_only_the_last_of_the_waiting_clients_to_hang_up_cancels(mill: Mill) -> None:
    job_id = mill.submit(waiter="first", fingerprint="a").job_id
    mill.submit(waiter="second", fingerprint="a", attach=True)
    assert hang_up(mill, job_id, "second") == "attached"
    assert hang_up(mill, job_id, "stranger") == "attached"
    assert hang_up(mill, job_id, "first") == "done"
    assert mill.look(job_id).status is Status.CANCELLED


def test_a_job_that_somebody_was_promised_is_not_cancelled_by_a_hang_up(mill: Mill) -> None:
    key: dict[str, Any] = {"route": "speech", "idempotency_key": "k", "fingerprint": "a"}
    sync_first = mill.submit(waiter="w", **key).job_id
    assert mill.submit(**key).outcome == "replayed"  # respond-async: a 202
    assert hang_up(mill, sync_first, "w") == "attached"
    async_first = mill.submit(fingerprint="b").job_id
    assert mill.submit(waiter="w", fingerprint="b", attach=True).job_id == async_first
    assert hang_up(mill, async_first, "w") == "attached"


def test_a_retry_on_another_route_does_not_attach(mill: Mill) -> None:
    mill.submit(route="speech", fingerprint="a", waiter="w")
    assert mill.submit(route="jobs", fingerprint="a", attach=True).outcome == "created"


def test_a_key_whose_job_was_abandoned_makes_a_new_job(mill: Mill) -> None:
    key: dict[str, Any] = {"route": "speech", "idempotency_key": "k", "fingerprint": "a"}
    abandoned = mill.submit(waiter="w", **key).job_id
    assert hang_up(mill, abandoned, "w") == "done"
    again = mill.submit(waiter="w2", **key)
    assert (again.outcome, again.job_id == abandoned) == ("created", False)


def test_a_deadline_ends_a_waiting_and_a_running_job(mill: Mill) -> None:
    waiting, running = mill.submit(deadline=100).job_id, mill.submit(deadline=100).job_id
    mill.store.run(verbs.cancel(waiting, "other"))
    first = mill.claim()
    mill.store.redis.zadd(KEY_PREFIX + "deadlines", {waiting: 1, running: 1})
    assert mill.sweep().expired == 2
    for job_id in (waiting, running):
        job = mill.look(job_id)
        assert job.status is Status.EXPIRED
        assert job.error
        assert job.error.code == "deadline_exceeded"
    assert not mill.completed(first).committed
    assert mill.nothing_to_claim()


def test_every_end_is_one_event_and_one_outbox_entry(mill: Mill) -> None:
    for _ in range(4):
        mill.submit(hook=ENDS)
    mill.completed(mill.claim())
    mill.failed(mill.claim())
    cancelled, expired = mill.claim(), mill.claim()
    mill.store.run(verbs.cancel(cancelled.job_id, "local"))
    mill.store.run(verbs.released(cancelled))
    mill.store.redis.zadd(KEY_PREFIX + "deadlines", {expired.job_id: 1})
    mill.sweep()
    events: Any = mill.store.redis.xrange(EVENTS_KEY)
    logged = [fields["type"] for _, fields in events]
    assert sorted(kind for kind in logged if kind in ENDS) == sorted(ENDS)
    due = [mill.store.run(deliveries.due(60_000)) for _ in range(5)]
    assert sorted(event.type for event in due if event) == sorted(ENDS)


def test_only_the_events_that_were_asked_for_enter_the_outbox(mill: Mill) -> None:
    mill.submit(hook=("speech.job.failed",))
    mill.completed(mill.claim())
    assert mill.store.run(deliveries.due(1000)) is None


def test_an_event_is_held_while_it_is_tried_then_settled(mill: Mill) -> None:
    mill.submit(hook=ENDS)
    mill.completed(mill.claim())
    event = mill.store.run(deliveries.due(60_000))
    assert event
    assert mill.store.run(deliveries.due(60_000)) is None
    assert mill.store.run(deliveries.settled(event, "again", in_ms=0))
    again = mill.store.run(deliveries.due(60_000))
    assert again
    assert (again.id, again.tries) == (event.id, 2)
    assert not mill.store.run(deliveries.settled(event, "delivered")), "an older hold settles nothing"
    assert mill.store.run(deliveries.settled(again, "dead"))
    assert mill.store.redis.zrange(KEY_PREFIX + "dead", 0, -1) == [event.id]
    assert mill.store.run(deliveries.due(60_000)) is None


def test_deleting_needs_an_end_and_leaves_nothing(mill: Mill) -> None:
    job_id = mill.submit().job_id
    assert mill.store.run(verbs.delete(job_id, "local")) == "not_ended"
    unit = mill.claim()
    assert mill.store.run(verbs.delete(job_id, "local")) == "not_ended"
    mill.completed(unit)
    assert mill.store.run(verbs.delete(job_id, "local")) == "done"
    assert mill.store.run(verbs.look(job_id, "local")) is None
    assert [key for key in mill.store.redis.scan_iter("*") if job_id in key] == []


def test_an_event_that_was_held_but_never_tried_has_lost_no_try(mill: Mill) -> None:
    mill.submit(hook=ENDS)
    mill.completed(mill.claim())
    for _ in range(3):
        event = mill.store.run(deliveries.due(0))
        assert event
        assert event.tries == 1


def test_no_unit_is_left_behind_by_any_end(mill: Mill) -> None:
    jobs = [mill.plan([100] * 4) for _ in range(4)]
    units: dict[str, list[Unit]] = {job_id: [] for job_id in jobs}
    for _ in range(8):
        unit = mill.claim("speech:tone:batch")
        units[unit.job_id].append(unit)
    cancelled, failed, expired, crashed = jobs
    mill.store.run(verbs.cancel(cancelled, "local"))
    for unit in units[cancelled]:
        mill.store.run(verbs.released(unit))
    mill.failed(units[failed][0])
    mill.store.redis.zadd(KEY_PREFIX + "deadlines", {expired: 1})
    mill.sweep()
    mill.store.run(verbs.crashed(units[crashed]))
    while mill.look(crashed).status is Status.IN_PROGRESS:
        mill.store.run(verbs.crashed([mill.claim("speech:tone:suspect")]))
    assert {mill.look(job_id).status for job_id in jobs} == {Status.CANCELLED, Status.FAILED, Status.EXPIRED}
    assert list(mill.store.redis.scan_iter(KEY_PREFIX + "unit:*")) == []
    assert mill.counts("depth") == mill.counts("backlog") == mill.counts("leased") == {}


def test_old_results_are_reaped_and_old_records_forgotten(mill: Mill) -> None:
    job_id = mill.submit(input_key="t/local/inputs/x", text="").job_id
    mill.completed(mill.claim())
    assert mill.store.run(verbs.reapable(10)) == []
    mill.store.redis.zadd(KEY_PREFIX + "expiry", {job_id: 1})
    assert mill.store.run(verbs.reapable(10)) == [verbs.OutOfDate(job_id, ("t/local/inputs/x", OUTPUT.key), OUTPUT.bytes,
                                                                   "local")]
    mill.store.run(verbs.reaped(job_id))
    assert mill.store.run(verbs.reapable(10)) == []
    assert mill.look(job_id).status is Status.COMPLETED
    mill.store.redis.zadd(KEY_PREFIX + "forget", {job_id: 1})
    mill.sweep()
    assert mill.store.run(verbs.look(job_id, "local")) is None


def test_twenty_racing_claims_take_each_unit_once(mill: Mill) -> None:
    job_id = mill.plan([100] * 100)
    taken: list[int | None] = []

    def claim_all(worker: str) -> None:
        while claimed := mill.store.run(verbs.claim(worker, ["speech:tone:batch"])):
            taken.append(claimed[0].segment)

    threads = [threading.Thread(target=claim_all, args=(f"w{n}",)) for n in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(n for n in taken if n is not None) == list(range(100))
    assert mill.look(job_id).status is Status.IN_PROGRESS
