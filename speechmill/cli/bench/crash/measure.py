"""From the end of a worker that holds many units until another one has done them all. Times are this process's; what it sees is
what Redis answers, asked every few milliseconds."""

import http.client
import json
import time
from contextlib import closing
from dataclasses import dataclass
from typing import Literal

import redis

from speechmill.cli.bench.crash.mill import Mill, running_mill, start
from speechmill.cli.bench.crash.watch import Look, Watch
from speechmill.cli.exits import Failure
from speechmill.cli.stack.parts import Address
from speechmill.view import JOBS_PATH

CHARACTERS = 50
SOUND_S = 3.0
"""What the tone makes of so many characters: little work for the CPU, which has none where an engine speaks."""
ANSWER_S = 30.0
PATIENCE_S = 120.0
"""Beyond the lease or the grace, for whatever comes next."""


@dataclass(frozen=True)
class Plan:
    """`end`: kill is SIGKILL, stop is SIGTERM. `speak_s`: what a unit takes the worker that lives."""

    end: Literal["kill", "stop"]
    units: int
    lease_s: float
    grace_s: float
    speak_s: float

    @property
    def settings(self) -> dict[str, str]:
        """Both workers take all units at once."""
        return {"SPEECHMILL_WORKER__LEASE_S": f"{self.lease_s:g}", "SPEECHMILL_WORKER__GRACE_S": f"{self.grace_s:g}",
                "SPEECHMILL_WORKER__SPEECH_SLOTS": f"{self.units + 1}", "SPEECHMILL_WORKER__RESERVED_SLOTS": "1"}


@dataclass(frozen=True)
class Moved:
    """Seconds after the signal until the first and the last unit were free, and ran elsewhere, and until all jobs had ended.
    `spoken_twice`: texts that were spoken to the end more than once. `charged`: units that the crash was put down to."""

    first_free_s: float
    first_elsewhere_s: float
    last_free_s: float
    last_elsewhere_s: float
    all_ended_s: float
    spoken_twice: int
    charged: int


def measure(plan: Plan) -> Moved:
    """Raises Failure when something does not happen in time."""
    with (running_mill(plan.settings, plan.speak_s / SOUND_S) as mill,
          closing(redis.Redis.from_url(mill.stack.redis_url, decode_responses=True, socket_timeout=ANSWER_S)) as client):
        watch = Watch(client)
        watch.dying = watch.until_ready(PATIENCE_S)
        _submit(mill.stack.address, plan.units)
        watch.until(lambda look: look.dying == plan.units, f"a claim of all {plan.units} units", PATIENCE_S)
        start(mill.living)
        watch.living = watch.until_ready(PATIENCE_S)
        begun_s = time.monotonic()
        _end(mill, plan)
        return _follow(watch, plan, mill, begun_s)


def _submit(address: Address, n: int) -> None:
    with closing(http.client.HTTPConnection(address.reachable, address.port, timeout=ANSWER_S)) as connection:
        for number in range(n):
            connection.request("POST", JOBS_PATH, json.dumps({"input": _text(number), "response_format": "wav"}),
                               {"Content-Type": "application/json"})
            answer = connection.getresponse()
            body = answer.read()
            if answer.status != 202:
                raise Failure(f"a job was answered {answer.status}: {body[:300]!r}")


def _text(number: int) -> str:
    """No two alike, or the second would be taken from storage; without digits, which are spoken in words and make it longer."""
    name = "".join(chr(ord("a") + int(digit)) for digit in f"{number:04d}")
    return (f"Sentence {name} is spoken once" + " and on" * CHARACTERS)[:CHARACTERS - 1] + "."


def _end(mill: Mill, plan: Plan) -> None:
    if plan.end == "kill":
        mill.dying.kill()
    else:
        mill.dying.terminate()


def _follow(watch: Watch, plan: Plan, mill: Mill, begun_s: float) -> Moved:
    patience_s = PATIENCE_S + (plan.lease_s if plan.end == "kill" else plan.grace_s)
    first_free = watch.until(lambda look: look.dying < plan.units, "the first unit's return", patience_s)
    # Whoever looks late may find that it has ended already.
    first_elsewhere = watch.until(lambda look: look.living > 0 or look.completed > 0, "the first unit's second run", PATIENCE_S)
    charged = watch.charged()
    last_free = watch.until(lambda look: look.dying == 0, "the last unit's return", PATIENCE_S)
    last_elsewhere = watch.until(lambda look: look.waiting == 0, "the last unit's second run", PATIENCE_S)
    ended = watch.until(lambda look: look.completed == plan.units, "the end of all jobs", PATIENCE_S)

    def seconds(look: Look) -> float:
        return look.at_s - begun_s

    return Moved(seconds(first_free), seconds(first_elsewhere), seconds(last_free), seconds(last_elsewhere), seconds(ended),
                 mill.spoken_twice(), max(charged, watch.charged()))
