"""One part of a stack: a process with a log, started again when it ends."""

import json
import math
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from speechmill.cli.exits import Exit, Failure

FIRST_PAUSE_S = 0.5
LONGEST_PAUSE_S = 30.0
HEALTHY_S = 60.0
"""A part that lived this long starts over with the first pause."""


@dataclass(frozen=True)
class Program:
    """What to run. `patience_s`: how long it may take over a polite end."""

    name: str
    command: tuple[str, ...]
    environment: Mapping[str, str]
    log: Path
    patience_s: float


@dataclass(frozen=True)
class Ended:
    """A part ended although nobody asked it to. `status`: its exit status, or minus the signal that killed it."""

    name: str
    status: int
    times: int
    pause_s: float

    def __str__(self) -> str:
        how = f"was killed by signal {-self.status}" if self.status < 0 else f"ended with status {self.status}"
        return f"the {self.name} {how}"


class Backoff:
    """Pauses between starts: doubling, and short again after a healthy life."""

    def __init__(self) -> None:
        self.ends = 0

    def pause_s(self, lived_s: float) -> float:
        self.ends = 1 if lived_s >= HEALTHY_S else self.ends + 1
        return float(min(LONGEST_PAUSE_S, FIRST_PAUSE_S * 2 ** (min(self.ends, 10) - 1)))


class Part:
    """Times are given in seconds of one monotonic clock."""

    def __init__(self, program: Program, group: int) -> None:
        self.program = program
        self._group = group
        self._backoff = Backoff()
        self._process: subprocess.Popen[bytes] | None = None
        self._started_s = 0.0
        self._due_s = math.inf

    @property
    def pid(self) -> int:
        """Of the process, which must have been started, and not have been found dead since."""
        assert self._process
        return self._process.pid

    def start(self, now_s: float) -> None:
        """Raises Failure when there is nothing to run or nowhere to log."""
        program = self.program
        try:
            with program.log.open("ab") as log:
                self._process = subprocess.Popen(program.command, env=program.environment, stdin=subprocess.DEVNULL,
                                                 stdout=log, stderr=log, process_group=self._group)
        except OSError as error:
            raise Failure(f"cannot start the {program.name}: {error}", Exit.UNAVAILABLE) from None
        self._started_s, self._due_s = now_s, math.inf

    def tend(self, now_s: float) -> Ended | None:
        """Says once that the process has ended, and starts it again when its pause is over."""
        if self._process is None:
            if now_s >= self._due_s:
                self.start(now_s)
            return None
        status = self._process.poll()
        if status is None:
            return None
        self._process = None
        pause_s = self._backoff.pause_s(now_s - self._started_s)
        self._due_s = now_s + pause_s
        return Ended(self.program.name, status, self._backoff.ends, pause_s)

    @property
    def running(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def terminate(self) -> None:
        """Ask it to end; it is not started again."""
        self._due_s = math.inf
        if self._process:
            self._process.terminate()

    def kill(self) -> None:
        if self._process:
            self._process.kill()
            self._process.wait()

    def last_words(self) -> str:
        """The last line that it logged."""
        lines = self.program.log.read_text("utf-8", "replace").split("\n") if self.program.log.exists() else []
        return plain(next((line for line in reversed(lines) if line.strip()), ""))


def plain(line: str) -> str:
    """The message of a JSON log line, with the exception that it tells of; any other line as it is."""
    try:
        entry = json.loads(line)
    except ValueError:
        return line.strip()
    if not isinstance(entry, dict):
        return line.strip()
    exception = str(entry.get("exception", "")).strip().rpartition("\n")[2]
    return f"{entry.get('message', line)}{': ' if exception else ''}{exception}"
