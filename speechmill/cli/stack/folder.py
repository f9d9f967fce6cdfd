"""The data folder of a one-command stack: what lies where, and that only one stack runs on it.

    <folder>/lock           held (flock) while a stack runs; dies with its process, however that ends
    <folder>/running.json   where the running stack answers; left behind by one that was killed
    <folder>/secrets.json   made once, mode 0600
    <folder>/redis/         Redis's append-only file: every job that was accepted
    <folder>/objects/       inputs, segments and results
    <folder>/logs/          one log a part
    <folder>/scratch/       files in the making; emptied at each start
"""

import fcntl
import json
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from pathlib import Path

from speechmill.cli.exits import Exit, Failure

LARGE_LOG_BYTES = 10 * 1024 * 1024


@dataclass(frozen=True)
class Running:
    """Where a stack answers, and the process that keeps it."""

    pid: int
    url: str
    redis_url: str


@dataclass(frozen=True)
class DataFolder:
    path: Path

    @property
    def secrets(self) -> Path:
        return self.path / "secrets.json"

    @property
    def redis(self) -> Path:
        return self.path / "redis"

    @property
    def objects(self) -> Path:
        return self.path / "objects"

    @property
    def logs(self) -> Path:
        return self.path / "logs"

    @property
    def scratch(self) -> Path:
        return self.path / "scratch"

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Inside, the folder is made and nobody else's. Raises Failure when another stack runs on it."""
        try:
            self.path.mkdir(parents=True, exist_ok=True)
            lock = (self.path / "lock").open("a")
        except OSError as error:
            raise Failure(f"cannot write to the data folder {self.path}: {error.strerror}. --data names another.",
                          Exit.UNAVAILABLE) from None
        with lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError:
                raise Failure(f"another stack runs on {self.path}{self._whereabouts()}. Stop it, or use another folder "
                              "(--data).", Exit.UNAVAILABLE) from None
            yield

    def prepare(self) -> None:
        """Make what is missing, and clear away what a stack before left unfinished."""
        shutil.rmtree(self.scratch, ignore_errors=True)
        for folder in (self.redis, self.objects, self.logs, self.scratch):
            folder.mkdir(mode=0o700, exist_ok=True)
        for log in self.logs.glob("*.log"):
            if log.stat().st_size > LARGE_LOG_BYTES:
                log.replace(log.with_suffix(".log.old"))

    def note(self, running: Running) -> None:
        """Tell others where the stack answers. The Redis URL holds a password, hence the mode."""
        file = self.path / "running.json"
        with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as stream:
            json.dump(asdict(running), stream)

    def forget(self) -> None:
        (self.path / "running.json").unlink(missing_ok=True)

    def noted(self) -> Running | None:
        """What `note` wrote last, unless `forget` followed; of a stack that may be gone."""
        with suppress(OSError, ValueError, TypeError):
            return Running(**json.loads((self.path / "running.json").read_text()))
        return None

    def _whereabouts(self) -> str:
        running = self.noted()
        return f" (process {running.pid}, {running.url})" if running else ""
