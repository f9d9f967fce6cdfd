"""What other threads hand to the one that steps. No torch."""

import threading
from dataclasses import dataclass

from worker.engine.errors import EngineFull
from worker.engine.speaker import Speak
from worker.model.prompt import Prompt


@dataclass(frozen=True)
class Arrival:
    """Accepted. `prompt` is None where a reference has to be encoded first, which is for the stepping thread to launch."""

    speak: Speak
    prompt: Prompt | None


@dataclass(frozen=True)
class Limits:
    """How many utterances may be anywhere in the engine: `places` of both classes, of which batch has `batch_places`, so that
    a full queue of batch still lets interactive ones in."""

    places: int
    batch_places: int


class Inbox:
    """Counts who is in the engine, from `enter` to `leave`, and keeps arrivals and cancellations for the next step."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._lock = threading.Lock()
        self._inside: dict[int, bool] = {}      # id: whether interactive
        self._n_interactive = 0                 # of them; counted along, for thousands may be inside
        self._entering: set[int] = set()        # their prompts are being built
        self._arrivals: list[Arrival] = []
        self._cancelled: set[int] = set()

    def enter(self, speak: Speak) -> None:
        """Its place is taken, before any work is put into it. Raises EngineFull; ValueError where the id is in use."""
        with self._lock:
            if speak.id in self._inside:
                raise ValueError(f"utterance {speak.id} is in the engine already")
            n_batch = len(self._inside) - self._n_interactive
            if len(self._inside) >= self._limits.places or (not speak.interactive and n_batch >= self._limits.batch_places):
                raise EngineFull(f"{len(self._inside)} utterances are being spoken or waiting, the most that the engine keeps; "
                                 "try again when one has ended")
            self._inside[speak.id] = speak.interactive
            self._n_interactive += speak.interactive
            self._entering.add(speak.id)

    def put(self, arrival: Arrival) -> None:
        """It goes to the next step, unless it was cancelled meanwhile."""
        with self._lock:
            if arrival.speak.id in self._entering:
                self._entering.remove(arrival.speak.id)
                self._arrivals.append(arrival)

    def leave(self, speak_id: int) -> None:
        """It has ended: its place is free."""
        with self._lock:
            self._n_interactive -= self._inside.pop(speak_id, False)
            self._entering.discard(speak_id)
            self._cancelled.discard(speak_id)

    def cancel(self, speak_id: int) -> None:
        """For the next step to carry out; where it has not yet arrived it never will."""
        with self._lock:
            if speak_id in self._entering:
                self._entering.remove(speak_id)
                self._n_interactive -= self._inside.pop(speak_id)
            elif speak_id in self._inside:
                self._cancelled.add(speak_id)

    def take(self) -> tuple[list[Arrival], set[int]]:
        """All arrivals and all ids cancelled since the last call."""
        with self._lock:
            arrivals, self._arrivals = self._arrivals, []
            cancelled, self._cancelled = self._cancelled, set()
            return arrivals, cancelled

    @property
    def is_empty(self) -> bool:
        return not self._arrivals and not self._cancelled

    @property
    def n_inside(self) -> int:
        return len(self._inside)

    @property
    def n_taken(self) -> int:
        """How many a step has taken in, and nobody has let leave."""
        with self._lock:
            return len(self._inside) - len(self._entering) - len(self._arrivals)
