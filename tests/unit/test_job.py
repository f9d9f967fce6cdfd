"""The state machine, and ids that sort by age."""

from speechmill.ids import new_id
from speechmill.job import TERMINAL, TRANSITIONS, JobClass, Status
from speechmill.store.scripts import SCRIPTS
from speechmill.tasks import Queue


def test_an_ended_job_stays_ended_but_for_a_failed_one_that_is_retried() -> None:
    assert {status: TRANSITIONS[status] for status in TERMINAL} == {
        Status.COMPLETED: frozenset(), Status.CANCELLED: frozenset(), Status.EXPIRED: frozenset(),
        Status.FAILED: frozenset({Status.QUEUED})}


def test_every_status_can_be_reached_and_every_job_can_end() -> None:
    reached = {Status.QUEUED}
    while more := {after for status in reached for after in TRANSITIONS[status]} - reached:
        reached |= more
    assert reached == set(Status)
    assert all(TRANSITIONS[status] & (TERMINAL | {Status.IN_PROGRESS}) for status in set(Status) - TERMINAL)


def test_every_script_is_given_the_same_table() -> None:
    for script in SCRIPTS.values():
        assert "cancelling = {cancelled = true, completed = true}," in script.text
        assert "completed = {}," in script.text


def test_ids_sort_by_age_and_do_not_repeat() -> None:
    ids = [new_id("speech") for _ in range(1000)]
    assert len(set(ids)) == 1000
    assert ids[0][:18] <= ids[-1][:18]
    assert all(id_.startswith("speech_") and len(id_) == 39 and id_[19] == "7" for id_ in ids)


def test_a_queues_name_says_role_model_and_class() -> None:
    for queue in (Queue("speech", JobClass.BATCH, "espeak"), Queue("cpu", JobClass.INTERACTIVE),
                  Queue("speech", JobClass.SUSPECT, "org:model")):
        assert Queue.parse(queue.name) == queue
    assert Queue("speech", JobClass.BATCH, "espeak").name == "speech:espeak:batch"
