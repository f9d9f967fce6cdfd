"""SUBMIT accepts a job once, however often and by whomever it is asked."""

from speechmill.job import Phase, Status
from speechmill.store import verbs
from tests.contract.store.conftest import Mill


def test_an_accepted_job_is_queued_and_rings_its_queue(mill: Mill) -> None:
    submitted = mill.submit()
    assert submitted.outcome == "created"
    assert submitted.bells == (("speech:tone:batch", 1),)
    job = mill.look(submitted.job_id)
    assert (job.status, job.characters, job.attempts, job.progress) == (Status.QUEUED, 100, 0, 0)


def test_the_same_call_again_after_a_lost_reply_makes_no_second_job(mill: Mill) -> None:
    first = mill.submit(job_id="speech_same")
    again = mill.submit(job_id="speech_same")
    assert (again.outcome, again.job_id) == ("created", first.job_id)
    mill.claim()
    assert mill.nothing_to_claim()


def test_the_same_idempotency_key_and_body_give_the_same_job(mill: Mill) -> None:
    first = mill.submit(route="jobs", idempotency_key="k", fingerprint="a")
    again = mill.submit(route="jobs", idempotency_key="k", fingerprint="a")
    assert (again.outcome, again.job_id) == ("replayed", first.job_id)
    mill.claim()
    assert mill.nothing_to_claim()


def test_the_same_idempotency_key_with_another_body_is_refused(mill: Mill) -> None:
    mill.submit(route="jobs", idempotency_key="k", fingerprint="a")
    assert mill.submit(route="jobs", idempotency_key="k", fingerprint="b").outcome == "reused"


def test_idempotency_keys_of_two_tenants_do_not_meet(mill: Mill) -> None:
    mill.submit(route="jobs", idempotency_key="k", fingerprint="a")
    assert mill.submit(tenant="other", route="jobs", idempotency_key="k", fingerprint="b").outcome == "created"


def test_an_sdk_retry_attaches_to_the_first_try(mill: Mill) -> None:
    first = mill.submit(fingerprint="a")
    again = mill.submit(fingerprint="a", attach=True)
    assert (again.outcome, again.job_id) == ("attached", first.job_id)


def test_an_sdk_retry_does_not_attach_to_a_cancelled_job(mill: Mill) -> None:
    first = mill.submit(fingerprint="a")
    mill.store.run(verbs.cancel(first.job_id, "local"))
    assert mill.submit(fingerprint="a", attach=True).outcome == "created"


def test_two_like_requests_that_are_no_retries_are_two_jobs(mill: Mill) -> None:
    assert mill.submit(fingerprint="a").job_id != mill.submit(fingerprint="a").job_id


def test_a_full_queue_takes_no_more(mill: Mill) -> None:
    mill.submit(queue_limit=1)
    assert mill.submit(queue_limit=1).outcome == "full"
    assert mill.submit(tenant="other", queue_limit=1).outcome == "created"


def test_lists_are_in_order_of_acceptance_and_stay_so_while_jobs_come(mill: Mill) -> None:
    ids = [mill.submit().job_id for _ in range(5)]

    def page(after: str, status: str = "") -> list[str] | None:
        return mill.store.run(verbs.list_jobs("local", status=status, after=after, limit=2, newest_first=True))

    assert page("") == [ids[4], ids[3], ids[2]]
    newest = mill.submit().job_id
    assert page(ids[3]) == [ids[2], ids[1], ids[0]]
    assert page(ids[0]) == []
    assert page("speech_unknown") is None
    mill.completed(mill.claim())
    assert page("", "completed") == [ids[0]]
    assert page("", "queued") == [newest, ids[4], ids[3]]


def test_a_job_of_another_tenant_is_not_there(mill: Mill) -> None:
    job_id = mill.submit().job_id
    assert mill.store.run(verbs.look(job_id, "other")) is None
    assert mill.store.run(verbs.cancel(job_id, "other"))[0] == "missing"
    assert mill.store.run(verbs.retry(job_id, "other"))[0] == "missing"
    assert mill.store.run(verbs.delete(job_id, "other")) == "missing"


def test_doorbells_stop_at_the_number_of_free_slots(mill: Mill) -> None:
    mill.store.run(verbs.enlist("w1", "speech", "host", "ready", {"speech:tone:batch": 2}))
    for _ in range(3):
        assert mill.submit().bells
        mill.store.redis.delete("{speechmill}:celery:speech:tone:batch")
    mill.claim()
    mill.claim()
    assert mill.submit().bells == ()


def test_a_lease_that_ends_rings_for_a_job_that_came_when_no_slot_was_free(mill: Mill) -> None:
    """The thread that spoke looked for more when its wrap-up began, and nothing was there: it won't look again."""
    mill.store.run(verbs.enlist("w1", "speech", "host", "ready", {"speech:tone:batch": 1}))
    mill.submit()
    wrapping_up = mill.claim()
    assert mill.submit().bells == ()
    assert dict(mill.completed(wrapping_up).bells) == {"speech:tone:batch": 1}


def test_a_lease_that_ends_rings_for_nobody_while_every_slot_speaks(mill: Mill) -> None:
    mill.store.run(verbs.enlist("w1", "speech", "host", "ready", {"speech:tone:batch": 1}))
    for _ in range(3):
        mill.submit()
    mill.store.redis.delete("{speechmill}:celery:speech:tone:batch")
    wrapping_up, _speaking = mill.claim(), mill.claim()
    assert mill.completed(wrapping_up).bells == ()


def test_a_burst_of_jobs_rings_once_for_each_even_where_nobody_has_claimed_yet(mill: Mill) -> None:
    mill.store.run(verbs.enlist("w1", "speech", "host", "ready", {"speech:tone:batch": 64}))
    assert [mill.submit().bells for _ in range(5)] == [(("speech:tone:batch", 1),)] * 5


def test_the_sweep_rings_for_all_that_nobody_heard(mill: Mill) -> None:
    mill.store.run(verbs.enlist("w1", "speech", "host", "ready", {"speech:tone:batch": 64}))
    for _ in range(5):
        mill.submit()
    assert dict(mill.sweep().bells)["speech:tone:batch"] == 5


def test_a_waiting_job_says_why_it_waits(mill: Mill) -> None:
    first, second = mill.submit().job_id, mill.submit().job_id
    slots = {"speech:tone:batch": 1}

    def why() -> tuple[str, int | None]:
        waiting = mill.look(second).waiting
        assert waiting
        return waiting.reason, waiting.position

    assert why() == ("no_worker", 2)
    mill.store.run(verbs.enlist("w1", "speech", "host", "warming", slots))
    assert why() == ("warming", 2)
    mill.store.run(verbs.enlist("w1", "speech", "host", "ready", slots))
    assert why() == ("starting", 2)
    assert mill.claim().job_id == first
    assert why() == ("busy", 1)
    assert mill.look(first).waiting is None


def test_a_new_job_is_told_as_a_look_would_show_it(mill: Mill) -> None:
    for like in ({}, {"deadline": 60}, {"phase": Phase.PLAN, "characters": 900}):
        submitted = mill.submit(**like)
        assert submitted.job == mill.look(submitted.job_id)
