"""Permits keep slots and threads free for interactive work.

A worker has as many threads as slots. Batch work needs a permit, and there are fewer permits than slots, so however full of
batch work the worker is, `reserved` threads are left that only interactive units get. Interactive work has permits of its own,
as many as there are slots. Suspects, which may take the whole process down, run with no batch unit beside them, and a single
one with nothing beside it: whoever holds permits is asked to go, and waited for.
"""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field


@dataclass
class Permits:
    """A counter that never blocks: who gets no permit goes away."""

    total: int
    _taken: int = 0
    _refused: bool = False
    _wanted_alone: bool = False
    _changed: threading.Condition = field(default_factory=threading.Condition)

    @property
    def wanted_alone(self) -> bool:
        """Whether whoever holds a permit should give it back before going on."""
        return self._wanted_alone

    def take(self) -> bool:
        with self._changed:
            if self._taken >= self.total or self._wanted_alone:
                self._refused = True
                return False
            self._taken += 1
            return True

    def give_back(self) -> bool:
        """True when somebody was refused meanwhile: there may be work whose doorbell has gone unheard, so look again."""
        with self._changed:
            self._taken -= 1
            self._changed.notify_all()
            refused, self._refused = self._refused, False
            return refused

    @contextmanager
    def maybe(self) -> Iterator[bool]:
        """Inside, whether a permit was there to be had."""
        taken = self.take()
        try:
            yield taken
        finally:
            if taken:
                self.give_back()

    @contextmanager
    def alone(self, *, own: int = 1) -> Iterator[None]:
        """For whoever holds `own` permits: waits until all others have come back, and inside nobody gets one."""
        with self._changed:
            self._wanted_alone = True
            self._changed.wait_for(lambda: self._taken == own)
        try:
            yield
        finally:
            with self._changed:
                self._wanted_alone = False
                self._refused = True  # those who went away for our sake left work behind
