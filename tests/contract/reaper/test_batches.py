"""What a batch and its lines left in storage goes with its results, and an uploaded file when its own time is over."""

from speechmill.blobs.seam import line_text_key, plan_key, result_key, uploaded_key
from speechmill.job import Phase
from speechmill.store import batches, files
from speechmill.tasks import KEY_PREFIX
from tests.contract.reaper.conftest import AT_ONCE, PATIENT, Yard
from tests.contract.store.test_batches import BATCH, LINE, accept, begin, finish, speak, submit_batch

OF_THE_BATCH = (plan_key("local", BATCH, 1), result_key("local", BATCH, 9, "output.jsonl"),
                result_key("local", BATCH, 2, "lines"))
OF_A_LINE = (result_key("local", f"{BATCH}.1", 3, "mp3"), plan_key("local", f"{BATCH}.2", 4),
             line_text_key("local", f"{BATCH}.2"))


def test_while_a_batch_runs_and_as_long_as_its_results_are_kept_nothing_of_it_goes(yard: Yard) -> None:
    yard.put(*OF_THE_BATCH, *OF_A_LINE)
    begin(yard.mill, 1)
    speak(yard.mill, 1)
    yard.let_age()
    yard.reap_a_round(AT_ONCE)
    finish(yard.mill)
    yard.reap_a_round(AT_ONCE)
    assert set(yard.keys()) == {*OF_THE_BATCH, *OF_A_LINE}, "although the lines' records are gone"


def test_all_of_a_batch_goes_with_its_results(yard: Yard) -> None:
    yard.put(*OF_THE_BATCH, *OF_A_LINE)
    begin(yard.mill, 1)
    speak(yard.mill, 1)
    finish(yard.mill)
    yard.store.redis.zadd(KEY_PREFIX + "expiry", {BATCH: 1})
    yard.reap(PATIENT)
    assert yard.keys() == []


def test_what_no_batch_names_any_more_is_found_by_the_walk(yard: Yard) -> None:
    yard.put(*OF_THE_BATCH, *OF_A_LINE)
    yard.let_age()
    yard.reap_a_round(AT_ONCE)
    assert yard.keys() == []


def test_a_file_goes_when_its_time_is_over_and_its_record_with_it(yard: Yard) -> None:
    key = uploaded_key("local", "file-1")
    yard.put(key)
    yard.store.run(files.added("file-1", "local", name="a.jsonl", purpose="batch", size=7, key=key, life_ms=3_600_000, most=10))
    yard.let_age()
    yard.reap_a_round(AT_ONCE)
    assert yard.keys() == [key]
    yard.store.redis.zadd(KEY_PREFIX + "file_expiry", {"file-1": 1})
    yard.reap(PATIENT)
    assert yard.keys() == []
    assert yard.store.run(files.look("file-1", "local")) is None
    assert yard.reaped("files") == (1, 7)


def test_the_bytes_of_an_upload_that_never_became_a_file_go_after_a_while(yard: Yard) -> None:
    yard.put(uploaded_key("local", "file-1"))
    yard.let_age()
    yard.reap_a_round(AT_ONCE)
    assert yard.keys() == []


def test_a_line_whose_batch_has_failed_has_nothing_left_to_name(yard: Yard) -> None:
    yard.put(*OF_A_LINE)
    submit_batch(yard.mill)
    accept(yard.mill, 3)
    unit = yard.mill.claim("cpu:batch")
    yard.store.run(batches.opened(unit, 1, [batches.NewLine(Phase.WHOLE, "tone", LINE, "Hello.", "", 10)]))
    assert yard.mill.failed(unit) == "failed"
    yard.store.redis.zadd(KEY_PREFIX + "expiry", {BATCH: 1})
    yard.reap(PATIENT)
    assert yard.keys() == []
