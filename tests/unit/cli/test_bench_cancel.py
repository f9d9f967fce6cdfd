"""What `bench cancel` posts, on a producer that says yes to everything. The whole of it is in tests/e2e/test_bench_cancel.py."""

import itertools
import time
from contextlib import closing
from typing import Any, cast

import pytest
import redis

from speechmill.cli.bench import cancel_times, idle
from speechmill.cli.bench.cancel_times import Plan, _Client, _until_one_ran
from speechmill.cli.bench.idle import EventTimes
from speechmill.cli.exits import Exit, Failure


class Events:
    """Of every other job nothing runs when it is cancelled."""

    def __init__(self) -> None:
        self._ran = itertools.cycle((False, True))

    def wait(self, job_id: str, event: str) -> float:
        return 0.0

    def has_seen(self, job_id: str, event: str) -> bool:
        return next(self._ran)


class Client:
    redis_url = ""

    def __init__(self) -> None:
        self.events = Events()
        self.texts: list[str] = []

    def ask(self, method: str, path: str, body: dict[str, Any] | None = None) -> tuple[int, bytes]:
        if body:
            self.texts.append(body["input"])
        return 200, b'{"id": "job"}'


def test_no_text_is_posted_twice_or_it_would_come_from_storage(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cancel_times, "LONGEST_PAUSE_S", 0.0)
    client, plan = Client(), Plan(120, is_lost=False)
    for n in range(plan.jobs):
        _until_one_ran(cast(_Client, client), plan, n)
    assert len(client.texts) == 2 * plan.jobs
    assert len(set(client.texts)) == len(client.texts)


def test_a_job_that_does_not_end_is_said_in_a_line(monkeypatch: pytest.MonkeyPatch) -> None:
    class Silent:
        """A Redis in which nothing happens."""

        def xrevrange(self, *_: object, **__: object) -> list[object]:
            return []

        def xread(self, *_: object, **__: object) -> list[object]:
            time.sleep(0.01)
            return []

        def close(self) -> None:
            pass

    monkeypatch.setattr(redis.Redis, "from_url", lambda *_, **__: Silent())
    monkeypatch.setattr(idle, "ANSWER_S", 0.05)
    with closing(EventTimes("redis://silent")) as events, pytest.raises(Failure, match="cancelled of job-1") as failure:
        events.wait("job-1", "speech.job.cancelled")
    assert failure.value.exit is Exit.TIMEOUT
