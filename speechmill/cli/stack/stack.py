"""The one-command stack: Redis, a producer and one worker of each role, on loopback, in one data folder.

    with open_stack(folder, asked) as stack:   # a lock on the folder; nothing runs yet
        stack.start()
        stack.wait_ready(...)
        stack.tend()                           # now and then: restarts what has died
    # workers first, then the producer, then Redis
"""

import math
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from speechmill.cli.exits import Exit, Failure
from speechmill.cli.stack.folder import DataFolder, Running
from speechmill.cli.stack.group import ProcessGroup
from speechmill.cli.stack.log_tail import LogTail
from speechmill.cli.stack.part import Ended, Part
from speechmill.cli.stack.parts import Address, Asked, environment, listening_address, producer_part, redis_part, worker_part
from speechmill.cli.stack.ready import missing
from speechmill.cli.stack.redis import configure, redis_program
from speechmill.cli.stack.secrets import keep_secrets

READY_S = 60.0
ENGINE_READY_S = math.inf
"""A first start fetches gigabytes. The worker itself gives up when it is time (SPEECHMILL_ENGINE__START_TIMEOUT_S)."""
MOST_EARLY_KILLS = 4
"""A part that keeps being killed (by the kernel, by a fault of its own) before the stack was ready will not make it."""
POLL_S = 0.05
ROLES = ("speech", "cpu")


@dataclass
class Stack:
    """`stages`: the parts in the order in which they are stopped; those of one stage stop together. Redis is the last."""

    folder: DataFolder
    address: Address
    redis_url: str
    group: ProcessGroup
    stages: tuple[tuple[Part, ...], ...]
    roles: tuple[str, ...]
    after_crash: bool
    was_ready: bool = False

    @property
    def parts(self) -> list[Part]:
        return [part for stage in self.stages for part in stage]

    def start(self) -> None:
        """Start all parts at once: each waits for those that it needs."""
        redis, *others = reversed(self.parts)
        redis.start(time.monotonic())
        if self.after_crash:
            from speechmill.cli.stack.dead_workers import strike_off_dead_workers

            strike_off_dead_workers(self.redis_url)
        for part in others:
            part.start(time.monotonic())

    def wait_ready(self, stopping: Callable[[], bool], *, patience_s: float = READY_S,
                   tell: Callable[[str], None] = lambda _: None) -> None:
        """Returns when the stack can speak, or `stopping` says so; `tell` is given what the workers log meanwhile. Raises Failure
        when a part can't start, or `patience_s` is over."""
        deadline = time.monotonic() + patience_s
        tails = [LogTail(part.program.log) for part in self.stages[0]]
        while not stopping() and (lacking := missing(self.address, self.roles)):
            for line in (line for tail in tails for line in tail.lines()):
                tell(line)
            for ended in self.tend():
                if ended.status >= 0 or ended.times > MOST_EARLY_KILLS:
                    raise self._cannot_start(ended)
            if time.monotonic() > deadline:
                raise Failure(f"not ready in {patience_s:.0f} s, still waiting for {lacking.what}. The logs are in "
                              f"{self.folder.logs}.", Exit.UNAVAILABLE)
            time.sleep(POLL_S)
        self.was_ready = True
        self.folder.note(Running(os.getpid(), self.address.url, self.redis_url))

    def tend(self) -> list[Ended]:
        """Start again what is due; returns what has ended since the last call."""
        now_s = time.monotonic()
        return [ended for part in self.parts if (ended := part.tend(now_s))]

    def stop(self, hurry: Callable[[], bool]) -> None:
        """End all parts, stage by stage. One that takes too long is killed, and so is everything once there is `hurry`."""
        for stage in self.stages:
            for part in stage:
                part.terminate()
            deadline = time.monotonic() + max((part.program.patience_s for part in stage), default=0.0)
            while any(part.running for part in stage) and time.monotonic() < deadline and not hurry():
                time.sleep(POLL_S)
            for part in stage:
                part.kill()
        if self.was_ready:
            self.folder.forget()

    def _cannot_start(self, ended: Ended) -> Failure:
        part = next(part for part in self.parts if part.program.name == ended.name)
        return Failure(f"{ended} before it was ready: {part.last_words()} (log: {part.program.log})", Exit.UNAVAILABLE)


@contextmanager
def open_stack(folder: DataFolder, asked: Asked, *, hurry: Callable[[], bool] = lambda: False) -> Iterator[Stack]:
    """A stack on `folder`, which is locked meanwhile; stopped at the end. Raises Failure before anything has started when
    a program or a port is missing, or the folder is in use."""
    program = redis_program()
    with folder.locked():
        address = listening_address(asked.port, os.environ)
        folder.prepare()
        secrets = keep_secrets(folder.secrets)
        configuration, redis_url = configure(folder, secrets.redis_password)
        settings = environment(folder, secrets, asked, redis_url)
        group = ProcessGroup()
        roles = ROLES if asked.workers else ()
        workers = tuple(Part(worker_part(role, settings, folder), group.id) for role in roles)
        producer = Part(producer_part(settings, folder), group.id)
        redis = Part(redis_part(program, configuration, folder), group.id)
        stack = Stack(folder, address, redis_url, group, (workers, (producer,), (redis,)), roles,
                      after_crash=folder.noted() is not None)
        try:
            try:
                yield stack
            finally:
                stack.stop(hurry)
        finally:
            group.end()
