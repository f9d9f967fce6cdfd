"""A Redis of the bench's own, set as the stack sets its Redis, in a folder that is thrown away."""

import secrets
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import redis

from speechmill.cli.exits import Exit, Failure
from speechmill.cli.stack.folder import DataFolder
from speechmill.cli.stack.group import ProcessGroup
from speechmill.cli.stack.part import Part
from speechmill.cli.stack.parts import redis_part
from speechmill.cli.stack.redis import configure, redis_program
from speechmill.store.scripts import SCRIPTS

START_S = 20.0
REWRITE_S = 120.0


@dataclass(frozen=True)
class Server:
    """A running Redis, and a connection for the bench's own questions."""

    url: str
    admin: redis.Redis

    def info(self, section: str) -> dict[str, Any]:
        said: dict[str, Any] = self.admin.info(section)
        return said

    @property
    def used_bytes(self) -> int:
        return int(self.info("memory")["used_memory"])

    @property
    def cpu_s(self) -> float:
        """CPU that the thread has used which runs all commands, and writes the log with `appendfsync always`."""
        said = self.info("cpu")
        return float(said["used_cpu_user_main_thread"]) + float(said["used_cpu_sys_main_thread"])

    def fsync(self, when: str) -> None:
        """always | everysec"""
        self.admin.config_set("appendfsync", when)

    def forget_all(self) -> None:
        """Empty, but with all scripts: the first call of each would otherwise carry its text."""
        self.admin.flushall()
        for script in SCRIPTS.values():
            self.admin.script_load(script.text)

    def settle(self) -> None:
        """Wait until no child rewrites the append-only file. Raises Failure."""
        deadline = time.monotonic() + REWRITE_S
        while (said := self.info("persistence"))["aof_rewrite_in_progress"] or said["aof_rewrite_scheduled"]:
            if time.monotonic() > deadline:
                raise Failure(f"Redis has been rewriting its append-only file for {REWRITE_S:g} s.")
            time.sleep(0.05)


@contextmanager
def running_server() -> Iterator[Server]:
    """Raises Failure when there is no Redis, or it does not start."""
    program = redis_program()
    with tempfile.TemporaryDirectory(prefix="speechmill-bench-") as path:
        folder = DataFolder(Path(path))
        folder.prepare()
        configuration, url = configure(folder, secrets.token_hex(16))
        group = ProcessGroup()
        part = Part(redis_part(program, configuration, folder), group.id)
        try:
            part.start(time.monotonic())
            with closing(redis.Redis.from_url(url, decode_responses=True)) as admin:
                _wait_ready(admin, part)
                server = Server(url, admin)
                server.forget_all()
                yield server
        finally:
            part.terminate()
            part.kill()
            group.end()


def _wait_ready(admin: redis.Redis, part: Part) -> None:
    deadline = time.monotonic() + START_S
    while True:
        try:
            admin.ping()
            return
        except redis.RedisError:
            if not part.running or time.monotonic() > deadline:
                raise Failure(f"the bench's Redis did not start: {part.last_words()}", Exit.UNAVAILABLE) from None
            time.sleep(0.02)
