"""Permits keep slots and threads free for interactive work.

A worker has as many threads as slots. Batch work needs a permit, and there are fewer permits than slots, so however full of
batch work the worker is, `reserved` threads are left that only interactive units get. Of the suspects, which may take the
whole process down, one runs at a time.
"""

import threading
from dataclasses import dataclass, field


@dataclass
class Permits:
    """A counter that never blocks: who gets no permit goes away."""

    total: int
    _taken: int = 0
    _refused: bool = False
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def take(self) -> bool:
        with self._lock:
            if self._taken >= self.total:
                self._refused = True
                return False
            self._taken += 1
            return True

    def give_back(self) -> bool:
        """True when somebody was refused meanwhile: there may be work whose doorbell has gone unheard, so look again."""
        with self._lock:
            self._taken -= 1
            refused, self._refused = self._refused, False
            return refused
