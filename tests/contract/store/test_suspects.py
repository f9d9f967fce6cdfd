"""Units that were in flight when a worker died run again in halves, until the one that kills is alone: it is charged."""

import json
from collections import Counter
from collections.abc import Iterable, Iterator
from math import ceil, log2

import pytest

from speechmill.job import Job, JobClass, Phase, Status, Unit
from speechmill.store import verbs
from speechmill.tasks import KEY_PREFIX
from tests.contract.store.conftest import Mill

BATCH, SUSPECTS = "speech:tone:batch", "speech:tone:suspect"
MAX_CRASHES = 3


def start_worker(mill: Mill, slots: int, worker: str = "w1") -> None:
    mill.store.run(verbs.enlist(worker, "speech", "host", "ready", {BATCH: slots, SUSPECTS: slots}))


def claim_group(mill: Mill, worker: str = "w1") -> tuple[Unit, ...]:
    claimed = mill.store.run(verbs.claim(worker, [SUSPECTS]))
    return (claimed[0], *claimed[0].company) if claimed else ()


def groups(mill: Mill, worker: str = "w1") -> Iterator[tuple[Unit, ...]]:
    """All that wait, each claimed when it is its turn."""
    while group := claim_group(mill, worker):
        yield group


def crash(mill: Mill, units: Iterable[Unit]) -> None:
    mill.store.run(verbs.crashed(list(units)))


def jobs_of(units: Iterable[Unit]) -> list[str]:
    return sorted(unit.job_id for unit in units)


def charges(mill: Mill, unit: Unit) -> int:
    return len(json.loads(mill.store.redis.hget(f"{KEY_PREFIX}unit:{unit.ref}", "crashes") or "[]"))


def run_until_all_have_ended(mill: Mill, poison: set[str]) -> int:
    """A worker that dies of poison and does everything else; returns how often it died."""
    crashes = 0
    for group in groups(mill):
        if poison & set(jobs_of(group)):
            crashes += 1
            crash(mill, group)
        else:
            assert not any(charges(mill, unit) for unit in group)
            assert all(mill.completed(unit).committed for unit in group)
    return crashes


def test_a_unit_in_flight_when_its_worker_died_becomes_a_suspect(mill: Mill) -> None:
    mill.submit()
    unit = mill.claim()
    mill.let_leases_end(unit)
    assert mill.sweep().bells[0][0] == SUSPECTS
    suspect = mill.claim(SUSPECTS)
    assert (suspect.ref, suspect.attempt) == (unit.ref, 2)
    assert mill.completed(suspect).committed


@pytest.mark.parametrize("n", [1, 2, 5, 256])
def test_one_poison_unit_among_many_is_found_by_halving_and_nobody_else_is_charged(mill: Mill, n: int) -> None:
    start_worker(mill, slots=n)
    jobs = [mill.submit().job_id for _ in range(n)]
    poison = jobs[n // 3]
    crash(mill, [mill.claim(BATCH) for _ in jobs])
    crashes = 1 + run_until_all_have_ended(mill, {poison})
    assert crashes <= ceil(log2(n)) + MAX_CRASHES
    assert Counter(mill.look(job_id).status for job_id in jobs) == Counter(
        {Status.COMPLETED: n - 1, Status.FAILED: 1} if n > 1 else {Status.FAILED: 1})
    assert mill.look(poison).status is Status.FAILED


def test_two_poison_units_in_one_group_are_both_found(mill: Mill) -> None:
    start_worker(mill, slots=64)
    jobs = [mill.submit().job_id for _ in range(64)]
    poison = {jobs[10], jobs[11]}
    crash(mill, [mill.claim(BATCH) for _ in jobs])
    assert 1 + run_until_all_have_ended(mill, poison) <= 2 * (6 + MAX_CRASHES)
    assert {job_id for job_id in jobs if mill.look(job_id).status is Status.FAILED} == poison


def test_a_poisoned_job_says_which_unit_it_was_and_when_which_worker_died_of_it(mill: Mill) -> None:
    job_id = mill.plan([100] * 3)
    crash(mill, [mill.claim(BATCH, worker=f"w{n}") for n in range(3)])
    while mill.look(job_id).status is Status.IN_PROGRESS:
        (unit,) = claim_group(mill)
        if unit.segment == 1:
            crash(mill, [unit])
        else:
            mill.spoken(unit)
    error = mill.look(job_id).error
    assert error
    assert (error.code, error.unit, error.retryable) == ("worker_crashed", "1", False)
    assert [(crash.incident, crash.worker) for crash in error.crashes] == [(2, "w1"), (3, "w1"), (4, "w1")]
    assert all(crash.at_ms >= mill.look(job_id).created_ms for crash in error.crashes)


def test_a_poisoned_job_can_be_retried_with_a_clean_sheet(mill: Mill) -> None:
    job_id = poisoned(mill).id
    assert mill.store.run(verbs.retry(job_id, "local"))[0] == "done"
    job = mill.look(job_id)
    assert (job.status, job.error) == (Status.QUEUED, None)
    unit = mill.claim(BATCH)
    assert charges(mill, unit) == 0
    assert mill.completed(unit).committed


def poisoned(mill: Mill) -> Job:
    job_id = mill.submit().job_id
    crash(mill, [mill.claim(BATCH)])
    for group in groups(mill):
        crash(mill, group)
    job = mill.look(job_id)
    assert job.status is Status.FAILED
    return job


def test_a_group_runs_at_once_as_far_as_the_worker_has_slots(mill: Mill) -> None:
    start_worker(mill, slots=3)
    jobs = [mill.submit().job_id for _ in range(10)]
    crash(mill, [mill.claim(BATCH) for _ in jobs])
    assert [len(group) for group in groups(mill)] == [3, 2, 3, 2], "two halves of five, each in two parts"


def test_who_has_said_nothing_of_slots_gets_suspects_one_by_one(mill: Mill) -> None:
    for _ in range(4):
        mill.submit()
    crash(mill, [mill.claim(BATCH) for _ in range(4)])
    assert [len(group) for group in groups(mill)] == [1, 1, 1, 1]


def test_a_part_of_a_group_that_dies_says_nothing_of_those_that_waited(mill: Mill) -> None:
    start_worker(mill, slots=2)
    jobs = [mill.submit().job_id for _ in range(8)]
    crash(mill, [mill.claim(BATCH) for _ in jobs])
    part = claim_group(mill)
    crash(mill, part)
    following = [jobs_of(group) for group in groups(mill)]
    assert following[0] == jobs[2:4], "the rest of its half, whole"
    assert following[1:3] == [jobs[4:6], jobs[6:8]]
    assert following[3:] == [[jobs[0]], [jobs[1]]], "the part that died, in halves"


def test_what_is_given_back_finds_its_group_again(mill: Mill) -> None:
    """A worker that stops, a claim whose reply is lost."""
    start_worker(mill, slots=4)
    jobs = [mill.submit().job_id for _ in range(8)]
    crash(mill, [mill.claim(BATCH) for _ in jobs])
    for unit in claim_group(mill):
        mill.store.run(verbs.released(unit))
    for unit in claim_group(mill):
        mill.store.redis.hset(f"{KEY_PREFIX}unit:{unit.ref}", "claimed", 1)
    mill.beat()
    following = [jobs_of(group) for group in groups(mill)]
    assert following == [jobs[:4], jobs[4:]]


def test_a_suspect_whose_job_ends_leaves_its_group(mill: Mill) -> None:
    start_worker(mill, slots=4)
    jobs = [mill.submit().job_id for _ in range(4)]
    crash(mill, [mill.claim(BATCH) for _ in jobs])
    for job_id in jobs[:3]:
        mill.store.run(verbs.cancel(job_id, "local"))
    assert [jobs_of(group) for group in groups(mill)] == [[jobs[3]]]
    assert mill.counts("depth") == mill.counts("backlog") == {}


def test_who_runs_beside_a_group_is_not_charged_with_its_crash(mill: Mill) -> None:
    start_worker(mill, slots=4)
    jobs = [mill.submit().job_id for _ in range(4)]
    crash(mill, [mill.claim(BATCH) for _ in jobs])
    group = claim_group(mill)
    bystander = mill.submit(klass=JobClass.INTERACTIVE).job_id
    crash(mill, [*group, mill.claim("speech:tone:interactive")])
    following = [jobs_of(group) for group in groups(mill)]
    assert following == [jobs[2:], [jobs[0]], [jobs[1]], [bystander]]


def test_two_incidents_are_told_apart(mill: Mill) -> None:
    start_worker(mill, slots=4)
    jobs = [mill.submit().job_id for _ in range(4)]
    for worker in ("w2", "w3"):
        mill.let_leases_end(*(mill.claim(BATCH, worker=worker) for _ in range(2)))
    mill.sweep()
    assert [jobs_of(group) for group in groups(mill)] == [[job_id] for job_id in jobs]


def test_all_that_a_dead_worker_held_is_one_incident_though_some_leases_are_younger(mill: Mill) -> None:
    start_worker(mill, slots=4)
    jobs = [mill.submit().job_id for _ in range(4)]
    old, *_ = [mill.claim(BATCH, worker="dead") for _ in jobs]
    mill.let_leases_end(old)
    mill.sweep()
    assert [len(group) for group in groups(mill)] == [2, 2]


def test_a_lease_that_ends_though_its_worker_beats_was_lost_with_a_reply_and_is_no_crash(mill: Mill) -> None:
    start_worker(mill, slots=4)
    mill.submit()
    mill.submit()
    held, lost = mill.claim(BATCH), mill.claim(BATCH)
    mill.beat(held)
    mill.let_leases_end(lost)
    mill.sweep()
    assert mill.claim(BATCH).ref == lost.ref
    assert mill.completed(held).committed


def test_a_crash_in_company_is_charged_to_nobody_however_often_it_comes(mill: Mill) -> None:
    """A host that dies and dies takes no job along."""
    start_worker(mill, slots=4)
    jobs = [mill.submit().job_id for _ in range(2)]
    units = [mill.claim(BATCH) for _ in jobs]
    for _ in range(10):
        crash(mill, units)
        units = [unit for group in groups(mill) for unit in group]
        assert [charges(mill, unit) for unit in units] == [0, 0]


def test_a_plan_that_kills_its_worker_fails_alone_too(mill: Mill) -> None:
    mill.store.run(verbs.enlist("w1", "cpu", "host", "ready", {"cpu:batch": 4, "cpu:suspect": 4}))
    jobs = [mill.submit(phase=Phase.PLAN).job_id for _ in range(2)]
    crash(mill, [mill.claim("cpu:batch") for _ in jobs])
    while mill.look(jobs[0]).status is Status.IN_PROGRESS:
        unit = mill.claim("cpu:suspect")
        if unit.job_id == jobs[0]:
            crash(mill, [unit])
        else:
            mill.store.run(verbs.planned(unit, "plan", [verbs.Place(0, 10, 100)]))
    error = mill.look(jobs[0]).error
    assert error
    assert (error.code, error.unit) == ("worker_crashed", "plan")
    assert mill.look(jobs[1]).status is Status.IN_PROGRESS
