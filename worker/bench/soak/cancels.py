"""Cancels utterances at the moment that was drawn for each. No torch."""

import heapq
import threading
import time
from itertools import count

from worker.bench.soak.books import Books
from worker.engine.speaking import Speaking


class Cancels:
    """One thread carries out all of them. An utterance that has ended by then is cancelled all the same: that must do nothing."""

    def __init__(self, books: Books) -> None:
        self._books = books
        self._due: list[tuple[float, int, Speaking]] = []    # a heap: when, which came first
        self._order = count()
        self._changed = threading.Condition()
        self._stopping = False
        self._thread = threading.Thread(target=self._cancel_forever, name="cancels", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """Those not due yet never are."""
        with self._changed:
            self._stopping = True
            self._changed.notify()
        self._thread.join()

    def add(self, speaking: Speaking, after_s: float) -> None:
        with self._changed:
            heapq.heappush(self._due, (time.monotonic() + after_s, next(self._order), speaking))
            self._changed.notify()

    def _cancel_forever(self) -> None:
        while (speaking := self._next()) is not None:
            self._books.cancelled(speaking.speak.id)
            speaking.cancel()

    def _next(self) -> Speaking | None:
        """Waits until one is due."""
        with self._changed:
            while not self._stopping:
                now = time.monotonic()
                if self._due and self._due[0][0] <= now:
                    return heapq.heappop(self._due)[2]
                self._changed.wait(self._due[0][0] - now if self._due else None)
            return None
