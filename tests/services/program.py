"""A server program that a test owns: started on demand, ended by its process id, and never left behind."""

import os
import random
import shutil
import socket
import subprocess
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, suppress
from dataclasses import dataclass, field
from http.client import HTTPConnection, HTTPException
from pathlib import Path

START_S = 90.0
"""For a machine with much else to do."""
_random = random.SystemRandom()
STOP_S = 5.0

# Linux ends a child when the *thread* that started it ends. This thread lives as long as the interpreter, so programs
# outlive the test thread that restarted them, and die with pytest even when that is killed.
_launcher = ThreadPoolExecutor(max_workers=1, thread_name_prefix="launcher")


class DidNotStart(Exception):
    """A program ended, or was not ready in time; the message ends with the last lines it wrote."""


@dataclass
class Program:
    """One process: `arguments` to run, the `log` that it writes to, and `ready`, which says whether it serves yet."""

    arguments: tuple[str, ...]
    log: Path
    ready: Callable[[], bool]
    environment: dict[str, str] = field(default_factory=dict)
    _process: subprocess.Popen[bytes] | None = field(default=None, repr=False)

    def start(self) -> None:
        """Run it and wait until it is ready. Raises DidNotStart."""
        self.launch()
        deadline = time.monotonic() + START_S
        while not (self.running and self.ready()):
            if not self.running or time.monotonic() > deadline:
                self.kill()
                raise DidNotStart(f"{self.arguments[0]} did not start:\n{self._last_lines()}")
            time.sleep(0.02)

    def launch(self) -> None:
        """Run it without waiting."""
        self._process = _launcher.submit(self._popen).result()

    @property
    def running(self) -> bool:
        return self._process is not None and self._process.poll() is None

    @property
    def exit_status(self) -> int:
        """Of a program that has ended by itself."""
        assert self._process is not None, "it was never started"
        return self._process.wait(0)

    @property
    def pid(self) -> int:
        assert self._process is not None, "it was never started"
        return self._process.pid

    def stop(self) -> None:
        """Ask it to end (SIGTERM); end it (SIGKILL) when it takes longer than STOP_S."""
        if self._process is None:
            return
        self._process.terminate()
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(STOP_S)
        self.kill()

    def kill(self) -> None:
        """SIGKILL, as a power cut would."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    def _popen(self) -> subprocess.Popen[bytes]:
        with self.log.open("ab") as log:
            return subprocess.Popen([*_dying_with_us(), *self.arguments], stdin=subprocess.DEVNULL, stdout=log,
                                    stderr=log, env={**os.environ, **self.environment})

    def _last_lines(self) -> str:
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-15:])


def _dying_with_us() -> list[str]:
    setpriv = shutil.which("setpriv")
    return [setpriv, "--pdeathsig", "KILL", "--"] if setpriv else []


def free_port() -> int:
    """A TCP port of 127.0.0.1 that nothing listens on, below those the kernel gives to outgoing connections: a server that
    is restarted must find its port free again."""
    while True:
        port = _random.randint(20_000, 32_000)  # not from `random`, which test tools seed: two runs would want the same port
        with socket.socket() as probe, suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port


def accepts(port: int) -> bool:
    """Whether something listens on 127.0.0.1:`port`."""
    with socket.socket() as probe:
        probe.settimeout(1)
        return probe.connect_ex(("127.0.0.1", port)) == 0


def speaks_http(port: int) -> bool:
    """Whether an HTTP server answers on 127.0.0.1:`port`, whatever it answers."""
    with closing(HTTPConnection("127.0.0.1", port, timeout=1)) as connection:
        try:
            connection.request("GET", "/")
            return connection.getresponse().status > 0
        except (OSError, HTTPException):
            return False
