"""What the reaper takes and what it leaves, in a folder and on every S3 server, by what a real Redis knows."""

import os
import time
from dataclasses import replace
from pathlib import Path

import pytest

from speechmill.blobs.keeping import Keeping
from speechmill.blobs.seam import input_key, plan_key, reference_key, result_key, segment_key
from speechmill.job import JobClass, Phase
from speechmill.store import reaping, verbs
from speechmill.store.verbs import Place
from speechmill.tasks import KEY_PREFIX
from tests.contract.reaper.conftest import AT_ONCE, PATIENT, Yard, output

SEGMENT = segment_key("local", "ab" * 32)
VOICE = reference_key("local", "cd" * 32)


def completed_job(yard: Yard) -> tuple[str, list[str]]:
    """A long job that has ended, with everything that its record names; returns its id and those objects."""
    job_id = yard.mill.submit(phase=Phase.PLAN, characters=50, text="", input_key="t/local/inputs/speech_000001").job_id
    plan, finish = plan_key("local", job_id, 1), "cpu:batch"
    assert yard.store.run(verbs.planned(yard.mill.claim(finish), plan, [Place(0, 10, 50)])).committed
    assert yard.mill.spoken(yard.mill.claim("speech:tone:batch")).committed
    result, manifest = result_key("local", job_id, 3, "mp3"), result_key("local", job_id, 3, "segments.jsonl")
    unit = yard.mill.claim(finish)
    assert yard.store.run(verbs.completed(unit, output(result, manifest), take=None, speak_ms=1)).committed
    named = [input_key("local", job_id), plan, result, manifest]
    yard.put(*named)
    return job_id, named


def test_what_no_record_names_goes_and_what_one_names_stays(any_yard: Yard) -> None:
    done, named = completed_job(any_yard)
    running = any_yard.mill.submit(text="", input_key="t/local/inputs/speech_000002").job_id
    under_way = [input_key("local", running), plan_key("local", running, 8), result_key("local", running, 9, "mp3")]
    strays = [
        input_key("local", "speech_never_submitted"),
        plan_key("local", done, 2),                   # of attempts that never committed
        result_key("local", done, 2, "mp3"),
        result_key("local", "speech_forgotten", 4, "mp3"),
    ]
    not_ours = ["t/local/elses/1", "t/local/inputs.txt"]
    any_yard.put(*under_way, *strays, *not_ours)
    any_yard.let_age()

    any_yard.reap_a_round(PATIENT)
    assert set(any_yard.keys()) == {*named, *under_way, *strays, *not_ours}

    any_yard.reap_a_round(AT_ONCE)
    assert set(any_yard.keys()) == {*named, *under_way, *not_ours}
    assert any_yard.reaped("results") == (2, sum(len(key) for key in strays if "/results/" in key))
    assert (any_yard.reaped("plans")[0], any_yard.reaped("inputs")[0]) == (1, 1)


def test_what_is_younger_than_its_time_stays(yard: Yard, tmp_path: Path) -> None:
    yard.put("t/local/inputs/speech_old", "t/local/inputs/speech_new")
    os.utime(tmp_path / "objects/t/local/inputs/speech_old", (time.time() - 3600,) * 2)

    yard.reap_a_round(replace(AT_ONCE, orphans_s=1800))

    assert yard.keys() == ["t/local/inputs/speech_new"]


def test_results_that_are_out_of_date_go_with_all_that_belongs_to_their_job(any_yard: Yard) -> None:
    done, _ = completed_job(any_yard)
    kept, named = completed_job_again(any_yard)
    stray = result_key("local", done, 2, "mp3")
    any_yard.put(stray)
    any_yard.store.redis.zadd(KEY_PREFIX + "expiry", {done: 1})

    any_yard.reap(PATIENT)
    assert set(any_yard.keys()) == {stray, *named}
    assert any_yard.reaped("results")[0] == 4
    assert any_yard.mill.look(done).ended

    any_yard.let_age()
    any_yard.reap_a_round(AT_ONCE)
    assert set(any_yard.keys()) == set(named)
    assert any_yard.mill.look(kept).output


def completed_job_again(yard: Yard) -> tuple[str, list[str]]:
    """A second one, of one unit."""
    job_id = yard.mill.submit(klass=JobClass.INTERACTIVE).job_id
    key = result_key("local", job_id, 5, "mp3")
    take = {"flags": [], "key": "k"}
    assert yard.store.run(verbs.completed(yard.mill.claim(), output(key), take=take, speak_ms=1)).committed
    yard.put(key)
    return job_id, [key]


def test_a_failed_job_keeps_what_a_retry_needs_until_its_time_is_over(yard: Yard) -> None:
    job_id = yard.mill.submit(text="", input_key="t/local/inputs/speech_000001").job_id
    yard.mill.failed(yard.mill.claim())
    yard.put(input_key("local", job_id))
    yard.let_age()

    yard.reap_a_round(AT_ONCE)
    assert yard.keys() == [input_key("local", job_id)]
    assert yard.store.run(verbs.retry(job_id, "local"))[0] == "done"

    yard.reap_a_round(AT_ONCE)
    assert yard.keys() == [input_key("local", job_id)]


def test_segments_and_voices_go_when_they_have_not_been_used_for_long(any_yard: Yard) -> None:
    any_yard.put(SEGMENT, VOICE)
    any_yard.let_age()

    any_yard.reap_a_round(PATIENT)
    assert set(any_yard.keys()) == {SEGMENT, VOICE}

    any_yard.reap_a_round(AT_ONCE)
    assert any_yard.keys() == []
    assert any_yard.reaped("segments") == (1, len(SEGMENT))
    assert any_yard.reaped("references") == (1, len(VOICE))


@pytest.mark.parametrize(("key", "when"), [(SEGMENT, "in_progress"), (VOICE, "queued"), (VOICE, "in_progress")])
def test_what_a_living_job_may_have_found_stays_however_long_it_lives(yard: Yard, key: str, when: str) -> None:
    job_id = yard.mill.submit(phase=Phase.WHOLE).job_id
    unit = yard.mill.claim() if when == "in_progress" else None
    yard.store.redis.hincrby(f"{KEY_PREFIX}job:{job_id}", "created", -60_000)  # it has lived for a minute
    yard.put(key)
    yard.let_age()

    yard.reap_a_round(AT_ONCE)
    assert yard.keys() == [key]

    yard.mill.completed(unit or yard.mill.claim())
    yard.reap_a_round(AT_ONCE)
    assert yard.keys() == []


def test_a_job_of_somebody_else_keeps_nothing_of_ours(yard: Yard) -> None:
    yard.mill.submit(tenant="other")
    yard.put(VOICE)
    yard.let_age()
    yard.reap_a_round(AT_ONCE)
    assert yard.keys() == []


def test_who_asks_for_a_segment_before_the_reaper_condemns_it_keeps_it(yard: Yard) -> None:
    yard.put(SEGMENT)
    yard.let_age()
    assert yard.store.run(reaping.spare(SEGMENT))
    yard.reap_a_round(AT_ONCE)
    assert yard.keys() == [SEGMENT]


def test_who_asks_for_a_segment_that_is_being_deleted_is_told_to_wait_until_that_is_over(yard: Yard) -> None:
    turn = yard.store.run(reaping.turn(60_000))
    assert isinstance(turn, reaping.Turn)
    unused = reaping.Unused("local", "segments", 10**9, SEGMENT)
    assert yard.store.run(reaping.condemn([unused], slack_ms=1, life_ms=60_000)) == [SEGMENT]
    assert not yard.store.run(reaping.spare(SEGMENT))

    yard.store.run(reaping.turned(turn, "on", "", pause_ms=0, round_ms=0, deleted={}))
    assert yard.store.run(reaping.spare(SEGMENT))


def test_what_a_turn_condemned_that_broke_off_stays_condemned_for_a_while(yard: Yard) -> None:
    turn = yard.store.run(reaping.turn(60_000))
    assert isinstance(turn, reaping.Turn)
    yard.store.run(reaping.condemn([reaping.Unused("local", "segments", 10**9, SEGMENT)], slack_ms=1, life_ms=60_000))
    yard.store.run(reaping.turned(turn, "broken", "", pause_ms=0, round_ms=0, deleted={}))
    assert not yard.store.run(reaping.spare(SEGMENT))


def test_an_object_is_gone_only_when_its_last_use_was_long_enough_ago() -> None:
    """A use at an age below refresh_s leaves no trace: so much is added."""
    keeping = Keeping(1000)
    assert 0 < keeping.refresh_s < keeping.kept_s < keeping.gone_s
    assert keeping.gone_s - keeping.refresh_s >= keeping.kept_s


def test_what_a_chapter_names_is_kept_as_long_as_its_book_and_goes_with_it(yard: Yard) -> None:
    book, chapter = "book_1", "book_1.1"
    named = [input_key("local", chapter), plan_key("local", chapter, 3), result_key("local", chapter, 4, "mp3"),
             result_key("local", book, 9, "mp3")]
    stray = result_key("local", chapter, 2, "mp3")
    redis = yard.store.redis
    redis.hset(f"{KEY_PREFIX}job:{chapter}", mapping={
        "tenant": "local", "status": "completed", "ended": 1, "input_key": named[0], "plan_key": named[1],
        "output": output(named[2]).model_dump_json()})
    redis.hset(f"{KEY_PREFIX}job:{book}", mapping={"tenant": "local", "status": "in_progress", "parts": 1})
    yard.put(*named, stray)
    yard.let_age()
    yard.reap_a_round(AT_ONCE)
    assert set(yard.keys()) == {*named, stray}, "the book runs"

    redis.hset(f"{KEY_PREFIX}job:{book}", mapping={
        "status": "completed", "ended": 1, "output": output(named[3]).model_dump_json()})
    redis.zadd(KEY_PREFIX + "expiry", {book: 10**15})
    yard.reap_a_round(AT_ONCE)
    assert set(yard.keys()) == set(named)

    redis.zadd(KEY_PREFIX + "expiry", {book: 1})
    yard.reap(PATIENT)
    assert yard.keys() == []


def test_a_book_that_runs_keeps_the_segments_it_may_have_found(yard: Yard) -> None:
    yard.store.redis.hset(f"{KEY_PREFIX}job:book_1", mapping={"tenant": "local", "status": "in_progress", "created": 1})
    yard.store.redis.zadd(KEY_PREFIX + "books:local:in_progress", {"book_1": 1})
    yard.put(SEGMENT)
    yard.let_age()
    yard.reap_a_round(AT_ONCE)
    assert yard.keys() == [SEGMENT]
