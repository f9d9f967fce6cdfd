"""What a measured process runs in these tests."""

import os
import signal
import subprocess
import sys
import time

from worker.bench.subject.channel import Channel
from worker.model.errors import EngineError


def echo(channel: Channel) -> None:
    """Tells its order twice, and prints where only answers should go."""
    print("a banner of some library")
    channel.ready()
    channel.tell(**channel.order)
    channel.tell(**channel.order)


def waiting(channel: Channel) -> None:
    channel.ready()
    time.sleep(600)


def refusing(channel: Channel) -> None:
    raise EngineError("no such device")


def stumbling(channel: Channel) -> None:
    raise ValueError("it said much\n  on\n  many lines" + 1000 * ".")


def crashing(channel: Channel) -> None:
    print("an illegal memory access", file=sys.stderr, flush=True)
    os.kill(os.getpid(), signal.SIGSEGV)


def leaving_a_child(channel: Channel) -> None:
    """One that would stay."""
    child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
    channel.tell(pid=child.pid)


def packages(channel: Channel) -> None:
    import worker

    channel.tell(path=sys.path, worker=worker.__file__, given=os.environ.get("PYTHONPATH", ""))
