"""What a measured process hears and says (the other side is process.py): JSON, one object a line. No torch.

It hears its order and, once it is ready, "go"; it says `ready`, any number of `told`, and `problem` where it broke.
"""

import json
import os
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

LONGEST_PROBLEM = 240


class Channel:
    """One a process. Where the other side is gone, this process ends: nobody would read what it measures."""

    def __init__(self, answers: int) -> None:
        """`answers`: a file descriptor. Waits for the order."""
        self._answers = answers
        self._go = threading.Event()
        self.order: dict[str, Any] = json.loads(sys.stdin.readline())
        threading.Thread(target=self._listen, name="orders", daemon=True).start()

    def ready(self) -> None:
        """All is loaded and warm. Returns when it is this process's turn."""
        self._say(ready=True)
        self._go.wait()

    def tell(self, **what: Any) -> None:
        """A part of the result."""
        self._say(told=what)

    @contextmanager
    def telling_problems(self) -> Iterator[None]:
        """What breaks within is told, in one line, and is the end."""
        try:
            yield
        except Exception as error:
            self._say(problem=problem_of(error))
            self.end(status=1)

    def end(self, status: int = 0) -> None:
        """At once: threads and compilers that libraries have left behind are not waited for."""
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(status)

    def _say(self, **message: Any) -> None:
        os.write(self._answers, json.dumps(message).encode() + b"\n")

    def _listen(self) -> None:
        for line in sys.stdin:
            if line.strip() == "go":
                self._go.set()
        os._exit(1)


def problem_of(error: Exception) -> str:
    """One line; our own errors (EngineError) speak for themselves."""
    from worker.model.errors import EngineError

    said = " ".join(str(error).split())
    line = said if isinstance(error, EngineError) else f"{type(error).__name__}: {said}"
    return line if len(line) <= LONGEST_PROBLEM else f"{line[:LONGEST_PROBLEM]} …"
