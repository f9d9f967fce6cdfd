"""`python -m worker.engine SOCKET ARENA`: the engine's process, started by a worker with two file descriptors of its own."""

import faulthandler
import logging
import os
import signal
import sys
from multiprocessing.connection import Connection

from worker.engine.arena import Arena
from worker.engine.process import EngineProcess


def main(arguments: list[str]) -> int:
    socket_fd, arena_fd = (int(argument) for argument in arguments)
    # The worker decides when it is over: a supervisor that signals every process of a service would end the engine while the
    # worker still drains.
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    # The worker asks for every thread's stack before it kills a process that hangs.
    faulthandler.enable()
    faulthandler.register(signal.SIGUSR1)
    logging.basicConfig(stream=sys.stderr, level=logging.INFO, format="%(levelname)s %(name)s: %(message)s")
    arena = Arena(arena_fd)
    os.close(arena_fd)
    return EngineProcess(Connection(socket_fd), arena).run()


if __name__ == "__main__":
    # Without the interpreter's own clean-up: threads of a speaker may still run, and the sound is gone anyway.
    status = main(sys.argv[1:])
    logging.shutdown()
    os._exit(status)
