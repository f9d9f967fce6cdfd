"""A worker that speaks in no time, a process of its own: `python -m speechmill.cli.bench.scale.simulated_worker`.

On stdin Redis's URL, then a Shift as JSON a line; on stdout a Done a line; it ends with stdin. A segment is claimed and spoken; a
sentence is submitted, claimed and completed.
"""

import json
import sys
import threading
import time
from contextlib import closing
from dataclasses import asdict, dataclass, field
from typing import Literal

import redis

from speechmill.cli.bench.scale.subject import OUTPUT, POLICY, SPEECH, TAKE, sentence
from speechmill.job import JobClass
from speechmill.store import verbs
from speechmill.store.client import Store

Kind = Literal["segment", "sentence"]


@dataclass(frozen=True)
class Shift:
    kind: Kind
    seconds: float
    threads: int
    name: str


@dataclass
class Done:
    """`idle`: claims that found nothing. `cpu_s`: of this process."""

    units: int = 0
    idle: int = 0
    cpu_s: float = 0.0
    errors: list[str] = field(default_factory=list)


def work(store: Store, shift: Shift) -> Done:
    """As many units as the time allows; nothing stays claimed."""
    done, lock = Done(), threading.Lock()
    until_s, cpu_s = time.monotonic() + shift.seconds, time.process_time()

    def slot() -> None:
        units = idle = 0
        try:
            while time.monotonic() < until_s:
                one = _one(store, shift)
                units, idle = units + one, idle + 1 - one
        except Exception as error:  # told to the parent: a thread's own end would look like fewer units
            done.errors.append(repr(error))
        with lock:
            done.units += units
            done.idle += idle

    slots = [threading.Thread(target=slot) for _ in range(shift.threads)]
    for thread in slots:
        thread.start()
    for thread in slots:
        thread.join()
    done.cpu_s = time.process_time() - cpu_s
    return done


def _one(store: Store, shift: Shift) -> int:
    if shift.kind == "sentence":
        store.run(verbs.submit(sentence(shift.name, JobClass.INTERACTIVE)))
    claimed = store.run(verbs.claim(shift.name, SPEECH))
    if not claimed:
        return 0
    unit = claimed[0]
    if shift.kind == "sentence":
        return int(store.run(verbs.completed(unit, OUTPUT, take=TAKE, speak_ms=412)).committed)
    return int(store.run(verbs.spoken(unit, TAKE)).committed)


def main() -> None:
    url = sys.stdin.readline().strip()
    with closing(Store(redis.Redis.from_url(url, decode_responses=True), POLICY)) as store:
        for line in sys.stdin:
            done = work(store, Shift(**json.loads(line)))
            sys.stdout.write(json.dumps(asdict(done)) + "\n")
            sys.stdout.flush()


if __name__ == "__main__":
    main()
