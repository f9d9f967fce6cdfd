"""Who holds the units, as Redis has it. One small question, asked again and again."""

import time
from collections.abc import Callable
from dataclasses import dataclass

import redis

from speechmill.cli.exits import Exit, Failure
from speechmill.tasks import KEY_PREFIX

POLL_S = 0.005


@dataclass(frozen=True)
class Look:
    """At `at_s` (time.monotonic()): units that the one worker and the other hold, that wait for any, and jobs that are done."""

    at_s: float
    dying: int
    living: int
    waiting: int
    completed: int


@dataclass
class Watch:
    """`dying` and `living` are the ids of the two workers; '' before they are known."""

    client: "redis.Redis"
    dying: str = ""
    living: str = ""

    def until(self, is_so: Callable[[Look], bool], what: str, patience_s: float) -> Look:
        """The first look at which it is so. Raises Failure."""
        deadline = time.monotonic() + patience_s
        while not is_so(look := self._look()):
            _give_up_after(deadline, what, patience_s)
        return look

    def until_ready(self, patience_s: float) -> str:
        """The id of the speech worker that takes units and is not `dying`. Raises Failure."""
        deadline = time.monotonic() + patience_s
        while not (worker := self._ready()):
            _give_up_after(deadline, "the start of a speech worker", patience_s)
        return worker

    def charged(self) -> int:
        """Units that a crash is put down to."""
        keys = [str(key) for key in self.client.scan_iter(KEY_PREFIX + "unit:*", count=1000)]
        with self.client.pipeline(transaction=False) as asked:
            for key in keys:
                asked.hexists(key, "crashes")
            return sum(asked.execute())

    def _look(self) -> Look:
        with self.client.pipeline() as asked:
            asked.scard(f"{KEY_PREFIX}held:{self.dying}")
            asked.scard(f"{KEY_PREFIX}held:{self.living}")
            asked.hvals(KEY_PREFIX + "depth")
            asked.hget(KEY_PREFIX + "stats", "jobs:completed")
            dying, living, depth, completed = asked.execute()
        return Look(time.monotonic(), dying, living, sum(map(int, depth)), int(completed or 0))

    def _ready(self) -> str:
        for worker in map(str, self.client.zrange(KEY_PREFIX + "workers", 0, -1)):
            about = self.client.hmget(f"{KEY_PREFIX}worker:{worker}", ["role", "state"])
            if worker != self.dying and about == ["speech", "ready"]:
                return worker
        return ""


def _give_up_after(deadline: float, what: str, patience_s: float) -> None:
    if time.monotonic() > deadline:
        raise Failure(f"waited {patience_s:g} s for {what}, in vain.", Exit.UNAVAILABLE)
    time.sleep(POLL_S)
