"""What /metrics shows of the store: counters that count what happened, and what waits at this moment."""

from speechmill.job import JobClass
from speechmill.store import deliveries, verbs
from speechmill.store.numbers import Numbers, numbers
from speechmill.store.scripts import BOUNDS_MS
from speechmill.tasks import KEY_PREFIX
from tests.contract.store.conftest import Mill

BATCH = "speech:tone:batch"


def now(mill: Mill) -> Numbers:
    return mill.store.run(numbers())


def shift(mill: Mill, key: str, seconds: float) -> None:
    """As if all that stands in a sorted set by its time had come so much earlier."""
    for member in mill.store.redis.zrange(key, 0, -1):
        mill.store.redis.zincrby(key, -seconds * 1000, str(member))


def as_if_waiting_for(mill: Mill, seconds: float, queue: str = BATCH) -> None:
    """As if all that waits in the queue had been there for so long."""
    shift(mill, f"{KEY_PREFIX}waits:{queue}", seconds)


def longest_wait_s(mill: Mill, queue: str = BATCH) -> float:
    return now(mill).longest_wait_ms.get(queue, 0) / 1000


def test_an_empty_store_has_nothing_to_show(mill: Mill) -> None:
    empty = now(mill)
    assert not empty.stats
    assert not empty.depth
    assert (empty.outbox, empty.overdue_ms, empty.dead) == (0, 0, 0)


def test_every_lease_is_counted_once_by_how_it_ended(mill: Mill) -> None:
    mill.plan([100] * 6)
    done, failed, returned, stopped = (mill.claim(BATCH) for _ in range(4))
    crashed = mill.claim(BATCH, worker="w2")
    mill.spoken(done)
    mill.spoken(done)  # as after a lost reply
    mill.failed(failed, retryable=True)
    mill.store.run(verbs.released(returned))
    mill.let_leases_end(crashed)
    mill.sweep()
    mill.failed(mill.claim(BATCH))  # for good: the job ends, and what is under way with it
    assert not mill.spoken(stopped).committed
    units = now(mill).counted("units")
    assert units == {"done": 2, "failed": 2, "returned": 1, "crashed": 1, "stopped": 1}  # the plan step was done, too
    assert sum(units.values()) == int(mill.store.redis.get(KEY_PREFIX + "fence") or 0)  # the tokens that were given


def test_a_failed_job_is_counted_by_its_error(mill: Mill) -> None:
    mill.submit()
    mill.failed(mill.claim())
    mill.submit()
    for _ in range(3):
        mill.let_leases_end(mill.claim())
        mill.sweep()
    assert now(mill).counted("failures") == {"voice_failed": 1, "worker_crashed": 1}
    assert now(mill).counted("jobs") == {"accepted": 2, "failed": 2}


def test_takes_are_counted_by_where_they_came_from(mill: Mill) -> None:
    mill.plan([100] * 2)
    mill.spoken(mill.claim(BATCH), spoken=3, duration_seconds=8.0, flags=["silence"])
    mill.spoken(mill.claim(BATCH), spoken=0, duration_seconds=8.0, cached=True)
    mill.submit()
    mill.completed(mill.claim(BATCH))
    shown = now(mill)
    assert shown.counted("segments") == {"spoken": 2, "cached": 1}
    assert (shown.stats["segments_flagged"], shown.stats["utterances"]) == (1, 3)


def test_the_backlog_in_seconds_follows_the_pace_of_what_was_spoken(mill: Mill) -> None:
    mill.submit(characters=140)
    assert now(mill).backlog_s[BATCH] == 10  # a usual segment has 280 characters and 20 s
    mill.plan([1000] * 2)
    unit = mill.claim(BATCH)
    unit = unit if unit.characters == 1000 else mill.claim(BATCH)
    mill.spoken(unit, spoken=1, duration_seconds=250.0)  # four characters a second, as Chinese is spoken
    shown = now(mill)
    assert shown.backlog_s[BATCH] == shown.backlog[BATCH] * (20 + 250) / (280 + 1000)


def test_a_wait_and_a_run_are_counted_in_the_bucket_of_their_class(mill: Mill) -> None:
    for klass, waited_ms in ((JobClass.BATCH, 100_000), (JobClass.BATCH, 5_000_000), (JobClass.INTERACTIVE, 90)):
        job_id = mill.submit(klass=klass).job_id
        mill.store.redis.hincrby(f"{KEY_PREFIX}job:{job_id}", "created", -waited_ms)
        mill.completed(mill.claim())
    batch, interactive = (now(mill).histogram("wait", klass) for klass in (JobClass.BATCH, JobClass.INTERACTIVE))
    assert batch.buckets[BOUNDS_MS.index(300_000)] == 1
    assert batch.buckets[-1] == 1  # longer than all bounds
    assert sum(batch.buckets) == 2
    assert 5_100 <= batch.sum_s < 5_160
    assert sum(interactive.buckets) == 1
    assert sum(now(mill).histogram("run", JobClass.BATCH).buckets) == 2


def test_the_longest_wait_is_that_of_the_job_that_nobody_has_come_for(mill: Mill) -> None:
    mill.submit()
    as_if_waiting_for(mill, 60)
    mill.submit()
    assert 60 <= longest_wait_s(mill) < 90
    mill.claim(BATCH)
    assert longest_wait_s(mill) < 30
    mill.claim(BATCH)
    assert longest_wait_s(mill) == 0
    assert mill.store.redis.exists(f"{KEY_PREFIX}waits:{BATCH}") == 0


def test_a_long_job_waits_from_its_last_claim(mill: Mill) -> None:
    mill.plan([100] * 3)
    as_if_waiting_for(mill, 60)
    mill.claim(BATCH)
    assert longest_wait_s(mill) < 30
    as_if_waiting_for(mill, 60)
    assert longest_wait_s(mill) >= 60


def test_a_suspect_waits_in_its_own_queue_until_it_is_claimed_or_its_job_ends(mill: Mill) -> None:
    suspects = "speech:tone:suspect"
    jobs = [mill.submit().job_id for _ in range(2)]
    mill.let_leases_end(*(mill.claim(BATCH) for _ in jobs))
    mill.sweep()
    as_if_waiting_for(mill, 60, suspects)
    assert longest_wait_s(mill, suspects) >= 60
    assert mill.claim(suspects).job_id == jobs[0]
    assert longest_wait_s(mill, suspects) >= 60
    mill.store.run(verbs.cancel(jobs[1], "local"))
    assert longest_wait_s(mill, suspects) == 0
    assert mill.store.redis.exists(f"{KEY_PREFIX}waits:{suspects}") == 0


def test_a_cancelled_job_waits_no_more(mill: Mill) -> None:
    job_id = mill.submit().job_id
    as_if_waiting_for(mill, 60)
    mill.store.run(verbs.cancel(job_id, "local"))
    assert longest_wait_s(mill) == 0


def test_workers_are_counted_by_role_and_state_and_lost_ones_for_good(mill: Mill) -> None:
    for worker, role, state in (("w1", "speech", "ready"), ("w2", "speech", "warming"), ("w3", "cpu", "ready")):
        mill.store.run(verbs.enlist(worker, role, "host", state, {f"{role}:batch": 2}))
    assert now(mill).workers == {("speech", "ready"): 1, ("speech", "warming"): 1, ("cpu", "ready"): 1}
    mill.store.redis.zadd(KEY_PREFIX + "workers", {"w1": 1})
    mill.sweep()
    assert now(mill).workers == {("speech", "warming"): 1, ("cpu", "ready"): 1}
    assert now(mill).stats["workers_lost"] == 1


def test_a_queue_that_only_a_worker_knows_is_there_with_zeros(mill: Mill) -> None:
    mill.store.run(verbs.enlist("w1", "cpu", "host", "ready", {"cpu:batch": 2}))
    shown = now(mill)
    assert (shown.capacity, shown.depth, shown.backlog, shown.longest_wait_ms) == (
        {"cpu:batch": 2}, {"cpu:batch": 0}, {"cpu:batch": 0}, {"cpu:batch": 0})


def test_an_event_is_overdue_from_when_it_is_due_until_it_is_taken(mill: Mill) -> None:
    mill.submit(hook=("speech.job.completed",))
    mill.completed(mill.claim())
    assert now(mill).outbox == 1
    shift(mill, KEY_PREFIX + "outbox", 60)
    assert now(mill).overdue_ms >= 60_000
    event = mill.store.run(deliveries.due(30_000))
    assert event
    assert now(mill).overdue_ms == 0
    mill.store.run(deliveries.settled(event, "dead"))
    assert (now(mill).outbox, now(mill).dead) == (0, 1)
