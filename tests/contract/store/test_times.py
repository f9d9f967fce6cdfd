"""When what a short job says is heard is kept beside its result, for as long, and no longer: it holds the text."""

import json

from speechmill.store import verbs
from speechmill.tasks import KEY_PREFIX
from speechmill.timestamps import SentenceTime, WordTime
from tests.contract.store.conftest import OUTPUT, Mill

TIMES = (SentenceTime("Hello, “Anna” 😀.", 0.0, 1.25, 0, 17, False, (WordTime("Hello", 0.0, 0.4, 0, 5, False),)),
         SentenceTime("你好。", 1.25, 2.5, 18, 21, True))


def kept(mill: Mill, job_id: str) -> list[SentenceTime] | None:
    times = mill.store.redis.hget(f"{KEY_PREFIX}job:{job_id}", "times")
    return None if times is None else [SentenceTime.of_record(record) for record in json.loads(str(times))]


def finished(mill: Mill, times: tuple[SentenceTime, ...] = TIMES) -> str:
    job_id = mill.submit().job_id
    take = {"flags": [], "key": "k"}
    assert mill.store.run(verbs.completed(mill.claim(), OUTPUT, take=take, speak_ms=10, times=times)).committed
    return job_id


def test_times_come_back_as_they_were(mill: Mill) -> None:
    assert kept(mill, finished(mill)) == list(TIMES)
    assert kept(mill, finished(mill, ())) is None


def test_a_second_worker_that_comes_too_late_changes_nothing(mill: Mill) -> None:
    job_id = mill.submit().job_id
    late = mill.claim()
    mill.let_leases_end(late)
    mill.sweep()
    unit = mill.claim()
    take = {"flags": [], "key": "k"}
    assert mill.store.run(verbs.completed(unit, OUTPUT, take=take, speak_ms=10, times=TIMES[:1])).committed
    assert not mill.store.run(verbs.completed(late, OUTPUT, take=take, speak_ms=10, times=TIMES)).committed
    assert kept(mill, job_id) == list(TIMES[:1])


def test_they_go_with_the_result(mill: Mill) -> None:
    job_id = finished(mill)
    mill.store.redis.zadd(KEY_PREFIX + "expiry", {job_id: 1})
    mill.store.run(verbs.reaped(job_id))
    assert kept(mill, job_id) is None
    assert mill.look(job_id).output == OUTPUT
