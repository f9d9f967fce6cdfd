"""The peer as a process beside the stack, on the stack's own Redis."""

import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from speechmill.cli.exits import Failure
from speechmill.cli.stack.part import Part, Program
from speechmill.cli.stack.redis import free_port, is_free

if TYPE_CHECKING:
    from speechmill.cli.stack.stack import Stack

START_S = 30.0


@contextmanager
def running_peer(stack: "Stack") -> Iterator[int]:
    """Gives its port. Served as the producer is: one process, uvloop and httptools where they are installed, no access log."""
    port = free_port()
    command = (sys.executable, "-P", "-m", "uvicorn", "speechmill.cli.bench.peer:app", "--host", "127.0.0.1", "--port", str(port),
               "--no-access-log", "--log-level", "warning", "--no-server-header", "--backlog", "2048")
    environment = {**os.environ, "PEER_REDIS_URL": stack.redis_url}
    part = Part(Program("Celery route", command, environment, stack.folder.logs / "peer.log", patience_s=5), stack.group.id)
    part.start(time.monotonic())
    try:
        deadline = time.monotonic() + START_S
        while is_free("127.0.0.1", port):
            if not part.running or time.monotonic() > deadline:
                raise Failure(f"the Celery route did not start: {part.last_words()}")
            time.sleep(0.05)
        yield port
    finally:
        part.terminate()
        part.kill()
