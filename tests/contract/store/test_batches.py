"""A batch is a job with so many parts that only a few of them are ever in the store: they are opened, folded away, forgotten."""

from typing import Any

import pytest

from speechmill.batch import BatchFiles, BatchSpec, LineError
from speechmill.file import StoredFile
from speechmill.job import JobClass, JobError, Phase, Status, Unit
from speechmill.request import SpeechSpec, WebhookSpec
from speechmill.store import batches, deliveries, files, verbs
from speechmill.store.batches import BatchState, Feeding, NewLine
from speechmill.store.client import EVENTS_KEY
from speechmill.store.verbs import Submission
from speechmill.tasks import KEY_PREFIX
from tests.contract.store.conftest import Mill

BATCH = "batch_000001"
SPEECH = "speech:tone:batch"
LINE = SpeechSpec(model="tone", voice="low", language="en").model_dump_json()


def submit_batch(mill: Mill, batch_id: str = BATCH, *, tenant: str = "local", window_s: int = 3600, events: tuple[str, ...] = (),
                 klass: JobClass = JobClass.BATCH) -> None:
    webhook = WebhookSpec(url="https://example.com", events=events) if events else None
    spec = BatchSpec(input_file_id="file-1", completion_window="1h", deadline=window_s, webhook=webhook, klass=klass)
    mill.store.run(verbs.submit(Submission(
        job_id=batch_id, tenant=tenant, spec=spec, phase=Phase.PLAN, text="", characters=1000, input_key="", request_id="req_1",
        fingerprint=batch_id)))


def accept(mill: Mill, lines: int, *, characters: int = 100, **more: Any) -> Unit:
    unit = mill.claim("cpu:batch")
    assert (unit.kind, unit.phase) == ("batch", Phase.PLAN)
    given = {"lines": lines, "characters": lines * characters, "characters_a_day": 0, **more}
    accepted = mill.store.run(batches.accepted(unit, "plans/1", **given))
    assert accepted.outcome == "accepted"
    return unit


def begin(mill: Mill, lines: int, *, window: int = 4) -> None:
    """A batch of which the first lines are open."""
    submit_batch(mill)
    accept(mill, lines)
    feed(mill, window=window)


def feed(mill: Mill, *, window: int = 4, characters: int = 100) -> Unit:
    """What a worker does with the feed unit."""
    unit = mill.claim("cpu:batch")
    assert unit.phase is Phase.FEED, unit
    fold(mill, unit)
    state = feeding(mill, unit)
    if state.ending:
        stop(mill, unit)
    else:
        open_lines(mill, unit, state.opened + 1, min(window - state.open, state.lines - state.opened), characters)
    assert mill.store.run(batches.fed(unit, window)).committed
    return unit


def fold(mill: Mill, unit: Unit) -> list[int]:
    ended = mill.store.run(batches.ended(unit, 0))
    assert ended is not None
    numbers = [line.number for line in ended]
    if numbers:
        assert mill.store.run(batches.folded(unit, str(unit.token), numbers))
    return numbers


def feeding(mill: Mill, unit: Unit) -> Feeding:
    state = mill.store.run(batches.feeding(unit))
    assert state
    return state


def open_lines(mill: Mill, unit: Unit, first: int, count: int, characters: int = 100) -> str:
    lines = [NewLine(Phase.WHOLE, "tone", LINE, "Hello.", "", characters)] * count
    return mill.store.run(batches.opened(unit, first, lines))[0]


def stop(mill: Mill, unit: Unit) -> None:
    while mill.store.run(batches.stopped(unit))[0] == "more":
        pass


def speak(mill: Mill, n: int) -> list[str]:
    """The ids of the lines."""
    units = [mill.claim(SPEECH) for _ in range(n)]
    for unit in units:
        assert mill.completed(unit).committed
    return [unit.job_id for unit in units]


def finish(mill: Mill, *records: StoredFile) -> None:
    unit = mill.claim("cpu:batch")
    assert unit.phase is Phase.FINISH
    fold(mill, unit)
    assert mill.store.run(batches.bound(unit, BatchFiles(output="file-out", table_key="k"), records)).committed


def state(mill: Mill) -> BatchState:
    found = mill.store.run(batches.state(BATCH, "local"))
    assert found
    return found


def keys_of(mill: Mill, name: str) -> list[str]:
    return [str(key) for key in mill.store.redis.scan_iter(KEY_PREFIX + "*") if name in str(key)]


def test_lines_are_opened_a_window_at_a_time_and_when_all_have_ended_the_batch_is_finished(mill: Mill) -> None:
    begin(mill, 6, window=4)
    assert speak(mill, 2) == [f"{BATCH}.1", f"{BATCH}.2"]
    assert mill.look(BATCH).phase is Phase.PARTS, "half of the window is still open"
    speak(mill, 1)
    feed(mill)
    assert speak(mill, 3) == [f"{BATCH}.4", f"{BATCH}.5", f"{BATCH}.6"]
    finish(mill)
    assert mill.look(BATCH).status is Status.COMPLETED
    assert (state(mill).lines, state(mill).completed, state(mill).failed) == (6, 6, 0)
    assert mill.nothing_to_claim()
    assert mill.counts("depth") == mill.counts("leased") == {}


def test_a_line_that_was_folded_is_forgotten(mill: Mill) -> None:
    begin(mill, 6, window=4)
    speak(mill, 3)
    assert f"{KEY_PREFIX}job:{BATCH}.1" in keys_of(mill, BATCH)
    feed(mill)
    assert not keys_of(mill, f"{BATCH}.1")
    assert mill.store.redis.lrange(f"{KEY_PREFIX}chunks:{BATCH}", 0, -1)


def test_lines_that_end_while_the_batch_is_being_fed_are_not_overlooked(mill: Mill) -> None:
    begin(mill, 9, window=4)
    speak(mill, 3)
    unit = mill.claim("cpu:batch")
    assert fold(mill, unit) == [1, 2, 3]
    open_lines(mill, unit, 5, 3)
    speak(mill, 4)
    mill.store.run(batches.fed(unit, 4))
    assert feed(mill).phase is Phase.FEED


def test_a_line_that_fails_counts_as_failed_and_the_others_go_on(mill: Mill) -> None:
    begin(mill, 2)
    assert mill.failed(mill.claim(SPEECH)) == "failed"
    speak(mill, 1)
    unit = mill.claim("cpu:batch")
    ended = mill.store.run(batches.ended(unit, 0))
    assert ended
    assert [(line.number, line.status) for line in ended] == [(1, "failed"), (2, "completed")]
    assert ended[0].error
    assert ended[1].output
    assert (state(mill).completed, state(mill).failed) == (1, 1)


def test_a_long_line_is_planned_and_joined_like_any_job_and_a_segment_that_fails_fails_it(mill: Mill) -> None:
    submit_batch(mill)
    accept(mill, 1)
    unit = mill.claim("cpu:batch")
    mill.store.run(batches.opened(unit, 1, [NewLine(Phase.PLAN, "tone", LINE, "", "text/1", 500)]))
    mill.store.run(batches.fed(unit, 4))
    plan = mill.claim("cpu:batch")
    assert (plan.job_id, plan.kind, plan.input_key) == (f"{BATCH}.1", "speech", "text/1")
    mill.store.run(verbs.planned(plan, "plan", [verbs.Place(0, 1, 250), verbs.Place(1, 1, 250)]))
    mill.spoken(mill.claim(SPEECH))
    assert mill.failed(mill.claim(SPEECH)) == "failed"
    finish(mill)
    assert state(mill).failed == 1


def test_a_file_that_cannot_be_used_fails_the_batch_with_every_line_that_is_wrong(mill: Mill) -> None:
    submit_batch(mill)
    unit = mill.claim("cpu:batch")
    wrong = [LineError(code="duplicate_custom_id", message="m", param="custom_id", line=3)]
    error = JobError(code="duplicate_custom_id", message="m")
    for _ in range(2):  # the reply to the first may be lost
        assert mill.store.run(batches.rejected(unit, error, wrong)).committed
    assert mill.look(BATCH).status is Status.FAILED
    assert state(mill).rejected == tuple(wrong)
    assert mill.nothing_to_claim()


def test_the_characters_of_all_lines_are_charged_when_they_are_accepted_and_refused_where_the_day_has_too_few(mill: Mill) -> None:
    submit_batch(mill)
    unit = mill.claim("cpu:batch")

    def ask(a_day: int) -> Any:
        return mill.store.run(batches.accepted(unit, "plans/1", lines=10, characters=1000, characters_a_day=a_day))

    assert (ask(999).outcome, ask(999).left) == ("spent", 999)
    assert [ask(1000).outcome for _ in range(2)] == ["accepted", "accepted"], "the second time its reply was lost"
    usage = mill.store.redis.hgetall(next(iter(mill.store.redis.scan_iter(KEY_PREFIX + "usage:local:*"))))
    assert usage["characters"] == "1000"


def test_cancelling_stops_what_runs_opens_nothing_more_and_keeps_what_was_done(mill: Mill) -> None:
    begin(mill, 9, window=4)
    speak(mill, 1)
    unit = mill.claim(SPEECH)
    assert mill.store.run(verbs.cancel(BATCH, "local"))[0] == "done"
    assert state(mill).ending == "cancelled"
    assert mill.beat(unit) == (unit.ref,)
    assert mill.nothing_to_claim(), "the two lines that waited do so no more"
    mill.store.run(verbs.released(unit))
    finish(mill)
    assert mill.look(BATCH).status is Status.CANCELLED
    assert (state(mill).completed, state(mill).failed) == (1, 0)
    assert mill.counts("depth") == mill.counts("leased") == {}
    assert mill.store.run(verbs.cancel(BATCH, "local"))[0] == "ended"


def test_a_batch_with_more_open_lines_than_one_script_stops_is_stopped_by_its_feeder(mill: Mill) -> None:
    begin(mill, 200, window=120)
    mill.store.run(verbs.cancel(BATCH, "local"))
    assert mill.counts("depth")[SPEECH] == 95
    feed(mill)
    assert SPEECH not in mill.counts("depth")
    finish(mill)
    assert mill.look(BATCH).status is Status.CANCELLED
    assert not keys_of(mill, f"{BATCH}.")


def test_a_batch_that_is_cancelled_while_it_is_fed_opens_no_more(mill: Mill) -> None:
    submit_batch(mill)
    accept(mill, 9)
    unit = mill.claim("cpu:batch")
    assert open_lines(mill, unit, 1, 2) == "opened"
    mill.store.run(verbs.cancel(BATCH, "local"))
    assert open_lines(mill, unit, 3, 2) == "ending"
    stop(mill, unit)
    mill.store.run(batches.fed(unit, 4))
    finish(mill)
    assert mill.look(BATCH).status is Status.CANCELLED


def test_a_batch_that_is_cancelled_when_its_feeder_has_looked_for_the_last_time_is_stopped_all_the_same(mill: Mill) -> None:
    submit_batch(mill)
    accept(mill, 80)
    unit = mill.claim("cpu:batch")
    assert open_lines(mill, unit, 1, 80) == "opened"
    mill.store.run(verbs.cancel(BATCH, "local"))
    mill.store.run(batches.fed(unit, 80))
    while mill.look(BATCH).phase is Phase.FEED:
        feed(mill)
    assert SPEECH not in mill.counts("depth")
    finish(mill)
    assert mill.look(BATCH).status is Status.CANCELLED


def test_a_batch_that_is_cancelled_before_it_was_validated_ends_without_files(mill: Mill) -> None:
    submit_batch(mill)
    unit = mill.claim("cpu:batch")
    mill.store.run(verbs.cancel(BATCH, "local"))
    assert mill.look(BATCH).status is Status.CANCELLING
    accepted = mill.store.run(batches.accepted(unit, "plans/1", lines=1, characters=1, characters_a_day=0))
    assert accepted.outcome == "lost"
    assert mill.look(BATCH).status is Status.CANCELLED
    assert state(mill).files == BatchFiles()


def test_a_batch_whose_window_is_over_keeps_what_was_done(mill: Mill) -> None:
    begin(mill, 9, window=4)
    speak(mill, 1)
    mill.store.redis.zadd(KEY_PREFIX + "deadlines", {BATCH: 1})
    mill.sweep()
    assert state(mill).ending == "expired"
    finish(mill)
    assert mill.look(BATCH).status is Status.EXPIRED
    assert state(mill).completed == 1


def test_a_batch_that_nobody_looked_at_in_time_expires(mill: Mill) -> None:
    submit_batch(mill)
    mill.store.redis.zadd(KEY_PREFIX + "deadlines", {BATCH: 1})
    mill.sweep()
    assert mill.look(BATCH).status is Status.EXPIRED
    assert mill.nothing_to_claim()


def test_one_that_is_being_finished_when_its_window_ends_is_completed(mill: Mill) -> None:
    begin(mill, 1)
    speak(mill, 1)
    mill.store.redis.zadd(KEY_PREFIX + "deadlines", {BATCH: 1})
    mill.sweep()
    finish(mill)
    assert mill.look(BATCH).status is Status.COMPLETED


def test_a_feeder_that_lost_its_lease_changes_nothing_and_the_next_one_goes_on(mill: Mill) -> None:
    begin(mill, 9, window=4)
    speak(mill, 3)
    lost = mill.claim("cpu:batch")
    mill.let_leases_end(lost)
    mill.sweep()
    again = mill.claim("cpu:suspect", "cpu:batch")
    assert again.ref == lost.ref
    assert mill.store.run(batches.feeding(lost)) is None
    assert mill.store.run(batches.ended(lost, 0)) is None
    assert not mill.store.run(batches.folded(lost, "1", [1]))
    assert open_lines(mill, lost, 5, 2) == "lost"
    assert not mill.store.run(batches.fed(lost, 4)).committed
    assert fold(mill, again) == [1, 2, 3]
    assert open_lines(mill, again, 5, 3) == "opened"
    assert mill.store.run(batches.fed(again, 4)).committed


def test_each_step_may_be_repeated_when_its_reply_was_lost(mill: Mill) -> None:
    begin(mill, 6, window=4)
    speak(mill, 3)
    unit = mill.claim("cpu:batch")
    for _ in range(2):
        assert mill.store.run(batches.folded(unit, "1", [1, 2, 3]))
        assert open_lines(mill, unit, 5, 2) == "opened"
    for _ in range(2):
        assert mill.store.run(batches.fed(unit, 4)).committed
    assert mill.store.redis.zcard(f"{KEY_PREFIX}open:{BATCH}") == 3
    speak(mill, 3)
    last = mill.claim("cpu:batch")
    fold(mill, last)
    for _ in range(2):
        assert mill.store.run(batches.bound(last, BatchFiles(), [])).committed


def test_a_batch_whose_own_step_fails_for_good_leaves_no_line_behind(mill: Mill) -> None:
    begin(mill, 9, window=6)
    running = mill.claim(SPEECH)
    speak(mill, 4)
    assert mill.failed(mill.claim("cpu:batch")) == "failed"
    assert mill.look(BATCH).status is Status.FAILED
    assert not mill.completed(running).committed
    assert not keys_of(mill, f"{BATCH}.")
    assert mill.nothing_to_claim()


def test_two_tenants_with_a_batch_each_are_served_in_turn(mill: Mill) -> None:
    for tenant in ("acme", "zenith"):
        submit_batch(mill, f"batch_{tenant}", tenant=tenant)
    for _ in range(2):
        accept(mill, 20)
    for _ in range(2):
        feed(mill, window=20)
    served = [mill.claim(SPEECH).tenant for _ in range(20)]
    assert abs(served.count("acme") - 10) <= 1


def test_its_events_are_those_of_a_batch_and_its_lines_have_none(mill: Mill) -> None:
    submit_batch(mill, events=("batch.in_progress", "batch.completed"))
    accept(mill, 2)
    feed(mill)
    speak(mill, 2)
    finish(mill)
    due = []
    while event := mill.store.run(deliveries.due(60_000)):
        due.append((event.type, event.job_id))
    assert sorted(due) == [("batch.completed", BATCH), ("batch.in_progress", BATCH)]
    told: Any = mill.store.redis.xrange(EVENTS_KEY)
    assert {fields["job"] for _, fields in told} == {BATCH}


def test_batches_are_listed_by_themselves(mill: Mill) -> None:
    job_id = mill.submit().job_id
    submit_batch(mill)

    def listed(kind: Any) -> Any:
        return mill.store.run(verbs.list_jobs("local", status="", after="", limit=9, newest_first=True, kind=kind))

    assert (listed("jobs"), listed("batches")) == ([job_id], [BATCH])
    assert mill.store.run(batches.state(BATCH, "acme")) is None


def test_the_files_of_a_batch_go_when_its_results_do(mill: Mill) -> None:
    begin(mill, 1)
    speak(mill, 1)
    finish(mill, StoredFile("file-out", "local", "out.jsonl", "batch_output", 7, "results/out", 0, 0))
    file = mill.store.run(files.look("file-out", "local"))
    assert file
    assert (file.purpose, file.bytes, file.key) == ("batch_output", 7, "results/out")
    assert file.expires_ms == mill.look(BATCH).expires_ms
    mill.store.redis.zadd(KEY_PREFIX + "file_expiry", {"file-out": 1})
    assert [each.id for each in mill.store.run(files.expired(10))] == ["file-out"]


def test_forgetting_a_batch_leaves_nothing_of_it(mill: Mill) -> None:
    begin(mill, 1)
    speak(mill, 1)
    finish(mill)
    assert mill.store.run(verbs.delete(BATCH, "local")) == "done"
    assert not [key for key in keys_of(mill, BATCH) if f"same:local::{BATCH}" not in key]


def test_a_batch_counts_as_one_of_its_tenants_jobs(mill: Mill) -> None:
    begin(mill, 9, window=4)
    assert mill.submit(job_limit=1).outcome == "busy"
    assert mill.submit(job_limit=2).outcome == "created"


@pytest.mark.parametrize("klass", [JobClass.INTERACTIVE, JobClass.BATCH])
def test_lines_run_in_the_class_of_their_batch(mill: Mill, klass: JobClass) -> None:
    submit_batch(mill, klass=klass)
    unit = mill.claim(f"cpu:{klass}")
    mill.store.run(batches.accepted(unit, "plans/1", lines=1, characters=1, characters_a_day=0))
    unit = mill.claim(f"cpu:{klass}")
    open_lines(mill, unit, 1, 1)
    assert mill.claim(f"speech:tone:{klass}").job_id == f"{BATCH}.1"
