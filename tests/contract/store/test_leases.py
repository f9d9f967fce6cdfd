"""A lease is timed and fenced: whoever lost it can commit nothing, and nothing is done twice or lost."""

import pytest
import redis

from speechmill.errors import StoreUnavailable
from speechmill.job import JobClass, JobError, Phase, Status
from speechmill.store import verbs
from speechmill.tasks import KEY_PREFIX
from tests.contract.store.conftest import Mill


def test_a_job_of_one_segment_is_done_in_one_claim(mill: Mill) -> None:
    job_id = mill.submit().job_id
    unit = mill.claim()
    assert (unit.phase, unit.text, unit.attempt) == (Phase.WHOLE, "Hello.", 1)
    assert mill.look(job_id).status is Status.IN_PROGRESS
    assert mill.completed(unit).committed
    job = mill.look(job_id)
    assert (job.status, job.progress, job.segments.completed, job.attempts) == (Status.COMPLETED, 100, 1, 1)
    assert job.output
    assert job.output.duration_seconds == 1.5


def test_a_long_job_is_planned_spoken_in_any_order_and_finished(mill: Mill) -> None:
    job_id = mill.plan([100, 100, 200])
    first, second, third = (mill.claim("speech:tone:batch") for _ in range(3))
    seen = []
    for unit in (third, first, second):
        assert mill.spoken(unit).committed
        seen.append(mill.look(job_id).progress)
    assert seen == [50, 75, 99]
    finish = mill.claim("cpu:batch")
    assert finish.phase is Phase.FINISH
    assert mill.completed(finish).committed
    assert mill.look(job_id).progress == 100
    assert dict(mill.store.takes(job_id)).keys() == {0, 1, 2}


def test_tokens_only_grow(mill: Mill) -> None:
    for _ in range(5):
        mill.submit()
    tokens = [mill.claim().token for _ in range(5)]
    assert tokens == sorted(set(tokens))


def test_a_commit_whose_reply_was_lost_may_be_repeated(mill: Mill) -> None:
    job_id = mill.submit().job_id
    unit = mill.claim()
    assert mill.completed(unit).committed
    version = mill.look(job_id).version
    assert mill.completed(unit).committed
    assert mill.look(job_id).version == version


def test_a_zombie_commits_nothing(mill: Mill) -> None:
    job_id = mill.submit().job_id
    zombie = mill.claim()
    mill.let_leases_end(zombie)
    mill.sweep()
    heir = mill.claim()
    assert heir.token > zombie.token
    assert not mill.completed(zombie).committed
    assert mill.failed(zombie) == "lost"
    assert mill.look(job_id).status is Status.IN_PROGRESS
    assert mill.completed(heir).committed


def test_a_beat_renews_a_lease_and_tells_of_lost_ones(mill: Mill) -> None:
    mill.submit()
    mill.submit()
    kept, lost = mill.claim(), mill.claim()
    mill.store.redis.zadd(KEY_PREFIX + "leases", {kept.ref: 1})
    mill.store.run(verbs.released(lost))
    assert mill.beat(kept, lost) == (lost.ref,)
    assert mill.sweep().crashed == 0


def test_a_unit_whose_claim_reply_was_lost_goes_back_uncharged(mill: Mill) -> None:
    mill.submit()
    lost = mill.claim()
    mill.beat(reply_ms=60_000)
    assert mill.nothing_to_claim(), "its reply may still be on its way"
    mill.store.redis.hset(f"{KEY_PREFIX}unit:{lost.ref}", "claimed", 1)
    mill.beat(reply_ms=60_000)
    again = mill.claim("speech:tone:batch")
    assert again.ref == lost.ref
    assert mill.store.redis.hget(f"{KEY_PREFIX}unit:{lost.ref}", "crashes") is None


def test_after_an_outage_living_workers_get_time_to_beat_however_many_leases_there_are(mill: Mill) -> None:
    for _ in range(300):
        mill.submit()
    units = [mill.claim() for _ in range(300)]
    mill.sweep()
    mill.store.redis.set(KEY_PREFIX + "swept", 1)
    mill.let_leases_end(*units)
    assert [mill.sweep().crashed for _ in range(3)] == [0, 0, 0]
    mill.beat(*units[1:])
    mill.store.redis.delete(KEY_PREFIX + "amnesty")
    assert mill.sweep().crashed == 1
    assert mill.completed(units[-1]).committed


def test_only_one_process_sweeps_at_a_time(mill: Mill) -> None:
    assert mill.store.run(verbs.sweep(60_000))
    assert mill.store.run(verbs.sweep(60_000)) is None


def test_an_error_that_may_pass_is_tried_three_times(mill: Mill) -> None:
    job_id = mill.submit().job_id
    assert mill.failed(mill.claim(), retryable=True) == "again"
    assert mill.failed(mill.claim(), retryable=True) == "again"
    assert mill.failed(mill.claim(), retryable=True) == "failed"
    job = mill.look(job_id)
    assert (job.status, job.attempts) == (Status.FAILED, 3)
    assert job.error
    assert job.error.code == "voice_failed"


def test_a_failed_segment_ends_the_job_and_stops_its_other_segments(mill: Mill) -> None:
    job_id = mill.plan([100] * 5)
    bad, other = mill.claim("speech:tone:batch"), mill.claim("speech:tone:batch")
    assert mill.failed(bad) == "failed"
    assert mill.look(job_id).status is Status.FAILED
    assert not mill.spoken(other).committed
    assert mill.nothing_to_claim()
    assert mill.counts("depth") == mill.counts("leased") == mill.counts("backlog") == {}


def test_retry_queues_only_what_was_not_done(mill: Mill) -> None:
    job_id = mill.plan([100] * 5)
    units = [mill.claim("speech:tone:batch") for _ in range(3)]
    mill.spoken(units[0])
    mill.failed(units[1])
    assert mill.store.run(verbs.retry(job_id, "local")) == ("done", (("speech:tone:batch", 4),), 0)
    assert mill.look(job_id).status is Status.QUEUED
    again = [mill.claim("speech:tone:batch") for _ in range(4)]
    assert {unit.segment for unit in again} == {1, 2, 3, 4}
    for unit in again:
        assert mill.spoken(unit).committed
    assert mill.completed(mill.claim("cpu:batch")).committed
    assert mill.store.run(verbs.retry(job_id, "local"))[0] == "not_failed"


def test_retry_speaks_again_when_a_stored_segment_was_lost(mill: Mill) -> None:
    job_id = mill.plan([100] * 3)
    for _ in range(3):
        mill.spoken(mill.claim("speech:tone:batch"))
    error = JobError(code="segment_missing", message="gone")
    mill.store.run(verbs.failed(mill.claim("cpu:batch"), error))
    assert mill.store.run(verbs.retry(job_id, "local")) == ("done", (("speech:tone:batch", 3),), 0)
    for _ in range(3):
        mill.spoken(mill.claim("speech:tone:batch"))
    assert mill.completed(mill.claim("cpu:batch")).committed


def test_a_failed_job_whose_input_is_no_longer_kept_is_not_retried(mill: Mill) -> None:
    job_id = mill.submit().job_id
    mill.failed(mill.claim())
    mill.store.redis.hset(f"{KEY_PREFIX}job:{job_id}", "expires", 1)
    assert mill.store.run(verbs.retry(job_id, "local"))[0] == "expired"


def test_a_bug_in_a_script_is_not_taken_for_an_outage(mill: Mill) -> None:
    mill.submit(phase=Phase.PLAN)
    with pytest.raises(redis.ResponseError, match="a plan without segments"):
        mill.store.run(verbs.planned(mill.claim(), "plan", []))


def test_in_a_full_redis_leases_are_renewed_and_deadlines_pass(mill: Mill) -> None:
    running, late = mill.submit(), mill.submit(deadline=100)
    unit = mill.claim()
    mill.store.redis.zadd(KEY_PREFIX + "deadlines", {late.job_id: 1})
    mill.store.redis.config_set("maxmemory", 1)
    try:
        with pytest.raises(StoreUnavailable):
            mill.submit()
        assert mill.beat(unit) == ()
        assert mill.sweep().expired == 1
        assert mill.completed(unit).committed
    finally:
        mill.store.redis.config_set("maxmemory", 0)
    assert mill.look(running.job_id).status is Status.COMPLETED


def test_progress_never_goes_down(mill: Mill) -> None:
    job_id = mill.plan([100] * 4)
    mill.spoken(mill.claim("speech:tone:batch"))
    mill.spoken(mill.claim("speech:tone:batch"))
    mill.failed(mill.claim("speech:tone:batch"))
    mill.store.run(verbs.retry(job_id, "local"))
    assert mill.look(job_id).progress == 50


def test_units_of_one_job_may_be_spoken_by_several_workers(mill: Mill) -> None:
    mill.plan([100] * 4)
    units = [mill.claim("speech:tone:batch", worker=f"w{n}") for n in range(4)]
    assert {unit.segment for unit in units} == {0, 1, 2, 3}
    assert mill.beat(units[0], worker="w0") == ()
    assert all(mill.spoken(unit).committed for unit in units)


def test_interactive_segments_lead_to_an_interactive_finish(mill: Mill) -> None:
    mill.plan([100, 100], klass=JobClass.INTERACTIVE)
    for _ in range(2):
        mill.spoken(mill.claim("speech:tone:interactive"))
    assert mill.claim("cpu:interactive").phase is Phase.FINISH
