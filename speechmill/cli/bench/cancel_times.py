"""How long a cancelled job goes on: from the 200 of its cancel until its last slot is free, which its end in the event log tells.

Both are read off one clock, this process's (see idle.py). A message that stops a job may be lost: then a beat does it. For that
case the worker's subscription is cut just before the cancel; the worker subscribes again a second later.
"""

import http.client
import json
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass, field
from typing import Any

import redis

from speechmill.cli.bench.idle import EventTimes
from speechmill.cli.bench.load import percentile_ms
from speechmill.cli.exits import Failure
from speechmill.cli.stack.parts import Address
from speechmill.view import JOBS_PATH

ANSWER_S = 30.0
CLIENTS = 4
"""More than there are slots for batch work, so that some are cancelled while they wait."""
LONGEST_PAUSE_S = 0.6
GOLDEN_RATIO = 0.618
"""Its multiples fall everywhere between two whole numbers, and the same in every run."""
SENTENCE = "A long text is cut into segments, and each of them takes its time to be spoken from its beginning to its end. "
MOST_TRIES = 50
LENGTH = 40
"""Sentences a job: some 16 segments, each a second and more of speaking."""


@dataclass(frozen=True)
class Plan:
    """So many `jobs` are cancelled while a unit of them is spoken; the worker hears of it by the next beat alone, where the
    message `is_lost`."""

    jobs: int
    is_lost: bool


@dataclass(frozen=True)
class Cancelled:
    """Milliseconds after the 200 of those that ran; one whose slot was free before it counts as 0. `idle`: jobs of which nothing
    ran then. `visible`: jobs that could be listened to all the same. `ids` are of all."""

    ran: int
    idle: int
    p50_ms: float
    p99_ms: float
    max_ms: float
    visible: int
    ids: tuple[str, ...] = field(repr=False)


@dataclass(frozen=True)
class _One:
    id: str
    seconds: float
    ran: bool
    visible: bool


def measure_cancels(address: Address, redis_url: str, plan: Plan) -> Cancelled:
    """Raises Failure when a job does not begin or end."""
    with closing(EventTimes(redis_url)) as events, ThreadPoolExecutor(CLIENTS) as clients:
        client = _Client(address, redis_url, events)
        cancels = [one for tries in clients.map(lambda n: _until_one_ran(client, plan, n), range(plan.jobs)) for one in tries]
    seconds = sorted(one.seconds for one in cancels if one.ran)
    return Cancelled(len(seconds), len(cancels) - len(seconds), percentile_ms(seconds, 50), percentile_ms(seconds, 99),
                     percentile_ms(seconds, 100), sum(one.visible for one in cancels), tuple(one.id for one in cancels))


@dataclass(frozen=True)
class _Client:
    address: Address
    redis_url: str
    events: EventTimes

    def ask(self, method: str, path: str, body: dict[str, Any] | None = None) -> tuple[int, bytes]:
        connection = http.client.HTTPConnection(self.address.reachable, self.address.port, timeout=ANSWER_S)
        with closing(connection):
            connection.request(method, path, json.dumps(body) if body else None, {"Content-Type": "application/json"})
            answer = connection.getresponse()
            return answer.status, answer.read()


def _until_one_ran(client: _Client, plan: Plan, n: int) -> list[_One]:
    """Also those of which nothing happened to run when they were cancelled."""
    tries: list[_One] = []
    while not tries or not tries[-1].ran:
        if len(tries) == MOST_TRIES:
            raise Failure(f"of {MOST_TRIES} jobs in a row none ran when it was cancelled.")
        tries.append(_cancel_one(client, plan, n + plan.jobs * len(tries)))
    return tries


def _cancel_one(client: _Client, plan: Plan, n: int) -> _One:
    # No two texts alike: what was spoken before is taken from storage.
    text = f"Number {n} of {plan.jobs}, {'lost' if plan.is_lost else 'told'}. " + SENTENCE * LENGTH
    job_id = json.loads(client.ask("POST", JOBS_PATH, {"input": text, "response_format": "wav"})[1])["id"]
    client.events.wait(job_id, "speech.job.planned")
    time.sleep(LONGEST_PAUSE_S * (n * GOLDEN_RATIO % 1))
    if plan.is_lost:
        _deafen(client.redis_url)
    status, _ = client.ask("POST", f"{JOBS_PATH}/{job_id}/cancel")
    answered = time.perf_counter()
    if status != 200:
        raise Failure(f"the cancel of {job_id} was answered {status}.")
    ended = client.events.wait(job_id, "speech.job.cancelled")
    status, _ = client.ask("GET", f"{JOBS_PATH}/{job_id}/content")
    return _One(job_id, max(0.0, ended - answered), client.events.has_seen(job_id, "speech.job.cancelling"), status == 200)


def _deafen(redis_url: str) -> None:
    """Cut every worker off from what stops jobs, until it subscribes again. Celery's own subscriptions are to patterns."""
    with closing(redis.Redis.from_url(redis_url, decode_responses=True)) as client:
        for subscriber in _subscribers(client):
            client.client_kill_filter(_id=subscriber)


def _subscribers(client: "redis.Redis") -> Iterator[str]:
    listed: Any = client.client_list(_type="pubsub")
    return (one["id"] for one in listed if one["sub"] != "0")
