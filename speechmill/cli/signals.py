"""SIGTERM, SIGHUP and Ctrl-C, as the commands want them."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager

STOPPING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class StopSignals:
    """Counts the signals that ask this process to stop; while it is entered, they do nothing else."""

    def __init__(self) -> None:
        self.seen = 0

    def __enter__(self) -> "StopSignals":
        self._before = {number: signal.signal(number, self._count) for number in STOPPING}
        return self

    def __exit__(self, *_: object) -> None:
        for number, action in self._before.items():
            signal.signal(number, action)

    def _count(self, *_: object) -> None:
        self.seen += 1


@contextmanager
def terminate_as_interrupt() -> Iterator[None]:
    """Inside, SIGTERM raises KeyboardInterrupt as Ctrl-C does."""
    before = signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
