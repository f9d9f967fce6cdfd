"""One process of the system under fire. A fault may kill or freeze it; one that ends by itself is noted, and started again."""

import asyncio
import signal
import subprocess
import time

from speechmill.cli.exits import Exit, Failure
from speechmill.cli.stack.part import Program

RESTART_S = 0.5
"""How long after it ended by itself a supervisor would take to start it again."""


class Member:
    """`spoiled`: exit statuses that it ended with although no fault asked it to."""

    def __init__(self, program: Program, group: int) -> None:
        self.program = program
        self.spoiled: list[int] = []
        self._group = group
        self._process: subprocess.Popen[bytes] | None = None
        self._due_s: float | None = None

    @property
    def name(self) -> str:
        return self.program.name

    @property
    def running(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def start(self) -> None:
        """Raises Failure when there is nothing to run."""
        self._due_s = None
        try:
            with self.program.log.open("ab") as log:
                self._process = subprocess.Popen(self.program.command, env=self.program.environment, stdin=subprocess.DEVNULL,
                                                 stdout=log, stderr=log, process_group=self._group)
        except OSError as error:
            raise Failure(f"cannot start {self.name}: {error}", Exit.UNAVAILABLE) from None

    def tend(self) -> int | None:
        """The status with which it has just ended by itself. It is started again a moment later."""
        if self._due_s is not None and time.monotonic() >= self._due_s:
            self.start()
        status = self._process.poll() if self._process else None
        if status is None:
            return None
        self._process = None
        self._due_s = time.monotonic() + RESTART_S
        self.spoiled.append(status)
        return status

    def kill(self) -> None:
        """SIGKILL. It stays away until `start`."""
        self._due_s = None
        if self._process:
            self._process.kill()
            self._process.wait()
            self._process = None

    async def stop(self) -> None:
        """SIGTERM; SIGKILL for one that takes too long. It stays away until `start`."""
        process, self._process, self._due_s = self._process, None, None
        if process is None:
            return
        process.terminate()
        deadline = time.monotonic() + self.program.patience_s
        while process.poll() is None and time.monotonic() < deadline:  # noqa: ASYNC110  no event tells of a process's end
            await asyncio.sleep(0.02)
        process.kill()
        process.wait()

    def freeze(self) -> None:
        self._signal(signal.SIGSTOP)

    def thaw(self) -> None:
        self._signal(signal.SIGCONT)

    def _signal(self, number: signal.Signals) -> None:
        if self.running and self._process:
            self._process.send_signal(number)
