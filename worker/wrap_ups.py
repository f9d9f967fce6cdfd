"""Wrap-ups: what is left of a unit once its sound is there: encoding, storing, committing. They have threads of their own.

A slot is for speaking. Were the thread that spoke to encode and to wait for storage as well, its slot would stand empty in the
engine for a tenth of the time and more, while jobs wait.
"""

import logging
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

log = logging.getLogger(__name__)


class WrapUps:
    """Of one worker process, `at_once` at most; with 0 there are none. Who finds no place, as when storage is away, does the rest
    itself: so no more is spoken than can be kept, and nobody waits behind others."""

    def __init__(self, at_once: int) -> None:
        self._places = threading.Semaphore(at_once)
        self._threads = ThreadPoolExecutor(max(1, at_once), thread_name_prefix="wrap-up")
        self._under_way: set[Callable[[], object]] = set()
        self._changed = threading.Condition()
        self._closed = False

    def take_place(self) -> bool:
        """Whether there was one; whoever has it must `begin`."""
        return self._places.acquire(blocking=False)

    def begin(self, work: Callable[[], object]) -> None:
        """`work` on another thread, in the place that the caller has taken; on the caller's own once this is closed, for a cold
        shutdown leaves threads that still speak."""
        with self._changed:
            self._under_way.add(work)
            closed = self._closed
            if not closed:
                self._threads.submit(self._run, work)
        if closed:
            self._run(work)

    def wait_for_those_under_way(self) -> None:
        """Until all that are under way now are done; those that begin meanwhile don't matter."""
        with self._changed:
            before = set(self._under_way)
            self._changed.wait_for(lambda: before.isdisjoint(self._under_way))

    def close(self) -> None:
        """Returns once all are done; whoever is in a hurry stops their leases first."""
        with self._changed:
            self._closed = True
        self._threads.shutdown(wait=True)

    def _run(self, work: Callable[[], object]) -> None:
        try:
            work()
        except Exception:
            log.exception("a wrap-up broke off")  # nobody looks at the future
        finally:
            with self._changed:
                self._under_way.remove(work)
                self._changed.notify_all()
            self._places.release()
