"""How many requests are open at once, and who is next: interactive utterances first, then whoever came first."""

import heapq
import itertools
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from worker.voices.seam import Cancelled


class Places:
    """Of one voice; any thread."""

    def __init__(self, n_places: int) -> None:
        self._free = n_places
        self._waiting: list[tuple[bool, int]] = []
        self._numbers = itertools.count()
        self._changed = threading.Condition()

    @contextmanager
    def place(self, *, interactive: bool, cancelled: Callable[[], bool]) -> Iterator[None]:
        """Waits for a place, and inside has it. Raises Cancelled; `look_again` makes it look at `cancelled`."""
        ticket = (not interactive, next(self._numbers))
        with self._changed:
            heapq.heappush(self._waiting, ticket)
            try:
                self._changed.wait_for(lambda: cancelled() or (self._free > 0 and self._waiting[0] == ticket))
            finally:
                self._waiting.remove(ticket)
                heapq.heapify(self._waiting)
                self._changed.notify_all()
            if cancelled():
                raise Cancelled
            self._free -= 1
        try:
            yield
        finally:
            with self._changed:
                self._free += 1
                self._changed.notify_all()

    def look_again(self) -> None:
        with self._changed:
            self._changed.notify_all()
