"""How soon an idle system turns to a new job: from the 202 in the client's hands to the claim, and to the finished audio; and
from acceptance, which is before the 202, to the first call of the voice.

The first two are read off one clock, this process's: a thread follows the store's event log. The worker itself records the
third with the take, in whole milliseconds: Redis's clock from acceptance to the claim, then its own.
"""

import http.client
import json
import threading
import time
from collections import defaultdict
from dataclasses import dataclass
from typing import Any

import redis

from speechmill.cli.bench.load import percentile_ms
from speechmill.cli.exits import Exit, Failure
from speechmill.cli.stack.parts import Address
from speechmill.store.client import EVENTS_KEY, Store
from speechmill.view import JOBS_PATH

ANSWER_S = 10.0
PAUSE_S = 0.03


@dataclass(frozen=True)
class Idle:
    """Milliseconds after the 202; a claim that came before it counts as 0."""

    jobs: int
    voice_p50_ms: float       # from acceptance
    voice_p99_ms: float
    claimed_p50_ms: float
    claimed_p99_ms: float
    completed_p50_ms: float
    completed_p99_ms: float


class EventTimes:
    """When each event of each job was first seen, by time.perf_counter()."""

    def __init__(self, redis_url: str) -> None:
        self._redis = redis.Redis.from_url(redis_url, decode_responses=True, socket_timeout=ANSWER_S)
        self._seen: defaultdict[str, dict[str, float]] = defaultdict(dict)
        self._news = threading.Condition()
        self._closing = False
        last: Any = self._redis.xrevrange(EVENTS_KEY, count=1)
        self._position: str = last[0][0] if last else "0-0"
        self._thread = threading.Thread(target=self._follow, name="events", daemon=True)
        self._thread.start()

    def wait(self, job_id: str, event: str) -> float:
        """Raises Failure where it does not come."""
        with self._news:
            if not self._news.wait_for(lambda: event in self._seen[job_id], ANSWER_S):
                raise Failure(f"no {event} of {job_id} in {ANSWER_S:g} s.", Exit.TIMEOUT)
            return self._seen[job_id][event]

    def has_seen(self, job_id: str, event: str) -> bool:
        with self._news:
            return event in self._seen[job_id]

    def close(self) -> None:
        self._closing = True
        self._thread.join()
        self._redis.close()

    def _follow(self) -> None:
        while not self._closing:
            streams: Any = self._redis.xread({EVENTS_KEY: self._position}, block=200)
            now = time.perf_counter()
            with self._news:
                for _, entries in streams or []:
                    for position, fields in entries:
                        self._position = position
                        self._seen[fields["job"]].setdefault(fields["type"], now)
                self._news.notify_all()


def measure_idle(address: Address, store: Store, redis_url: str, body: dict[str, str], jobs: int) -> Idle:
    """One job after the other, each submitted when the one before is over. Raises Failure when one does not end."""
    connection = http.client.HTTPConnection(address.reachable, address.port, timeout=ANSWER_S)
    events = EventTimes(redis_url)
    voice, claimed, completed = [], [], []
    try:
        for n in range(jobs):
            # Another text each time: what was spoken before is taken from storage, without any voice.
            text = json.dumps({**body, "input": f"{body['input']} {n}"})
            connection.request("POST", JOBS_PATH, body=text, headers={"Content-Type": "application/json"})
            answer = connection.getresponse().read()
            accepted = time.perf_counter()
            job_id = json.loads(answer)["id"]
            claimed.append(max(0.0, events.wait(job_id, "speech.job.started") - accepted))
            completed.append(max(0.0, events.wait(job_id, "speech.job.completed") - accepted))
            voice += [take["waited_ms"] / 1000 for _, take in store.takes(job_id)]
            time.sleep(PAUSE_S)
    finally:
        connection.close()
        events.close()
    for times in (voice, claimed, completed):
        times.sort()
    return Idle(jobs, percentile_ms(voice, 50), percentile_ms(voice, 99), percentile_ms(claimed, 50), percentile_ms(claimed, 99),
                percentile_ms(completed, 50), percentile_ms(completed, 99))
