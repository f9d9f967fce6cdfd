"""A function that is measured in a process of its own, perhaps by another interpreter, and can be stopped while others are
measured. No torch."""

import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from queue import SimpleQueue
from typing import Any, BinaryIO

_START = Path(__file__).with_name("start.py")
_LAST_WORDS_BYTES = 4096


@dataclass(frozen=True)
class Call:
    """`function` (module:name, called with a Channel) by the interpreter `python`. `order` is what the channel brings it;
    `environment` is set in its process."""

    function: str
    order: Mapping[str, Any]
    python: str = sys.executable
    environment: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Ready:
    """It is warm, and waits for `go`."""


@dataclass(frozen=True)
class Told:
    what: dict[str, Any]


@dataclass(frozen=True)
class Ended:
    """Its last message. `problem` is empty where all went well."""

    problem: str


Message = Ready | Told | Ended


class Subject:
    """Its process, from now to its end. What it says goes to `mailbox`, with itself, on a thread of its own."""

    def __init__(self, call: Call, mailbox: "SimpleQueue[tuple[Subject, Message]]") -> None:
        """Raises OSError where there is no such interpreter."""
        self._mailbox = mailbox
        self._ran_s, self._since, self._paused = 0.0, time.monotonic(), False
        self._noise: BinaryIO = tempfile.TemporaryFile()  # noqa: SIM115  # closed as the process ends
        try:
            self._process = subprocess.Popen(
                [call.python, "-P", str(_START), call.function], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                stderr=self._noise, env=_environment(call), start_new_session=True)
        except OSError:
            self._noise.close()
            raise
        self._send(json.dumps(dict(call.order)))
        threading.Thread(target=self._read, name="subject", daemon=True).start()

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def ran_s(self) -> float:
        """Since it was started, without what it was paused for."""
        return self._ran_s + (0.0 if self._paused else time.monotonic() - self._since)

    def go(self) -> None:
        """It is ready: let it measure."""
        self._send("go")

    def pause(self) -> None:
        self._ran_s, self._paused = self.ran_s, True
        self._signal(signal.SIGSTOP)

    def resume(self) -> None:
        if self._paused:
            self._since, self._paused = time.monotonic(), False
            self._signal(signal.SIGCONT)

    def kill(self) -> None:
        """With all that it has started. Its Ended still comes."""
        self._signal(signal.SIGKILL)
        self._process.wait()

    def _send(self, line: str) -> None:
        assert self._process.stdin is not None
        with suppress(BrokenPipeError):  # it has ended, and says so itself
            self._process.stdin.write(f"{line}\n".encode())
            self._process.stdin.flush()

    def _signal(self, number: signal.Signals) -> None:
        with suppress(ProcessLookupError):
            os.killpg(self._process.pid, number)

    def _read(self) -> None:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        problem: str | None = None
        for line in self._process.stdout:
            match json.loads(line):
                case {"ready": True}:
                    self._mailbox.put((self, Ready()))
                case {"told": dict(what)}:
                    self._mailbox.put((self, Told(what)))
                case {"problem": str(said)}:
                    problem = said
        self._signal(signal.SIGKILL)  # whatever it has started and left behind, compilers for one
        status = self._process.wait()
        self._process.stdout.close()
        with suppress(BrokenPipeError):
            self._process.stdin.close()
        self._mailbox.put((self, Ended(problem if problem is not None else self._why(status))))
        self._noise.close()

    def _why(self, status: int) -> str:
        if not status:
            return ""
        self._noise.seek(0, os.SEEK_END)
        self._noise.seek(max(0, self._noise.tell() - _LAST_WORDS_BYTES))
        lines = [line.strip() for line in self._noise.read().decode(errors="replace").splitlines() if line.strip()]
        ended = signal.Signals(-status).name if status < 0 else f"status {status}"
        return f"its process ended with {ended}" + (f" after: {lines[-1]}" if lines else "")


def _environment(call: Call) -> dict[str, str]:
    """Another interpreter has packages of its own: where ours looks for its own must not come before them."""
    own = call.python == sys.executable
    inherited = {name: value for name, value in os.environ.items() if own or name not in ("PYTHONPATH", "PYTHONHOME")}
    return {**inherited, **call.environment}
