"""Between the inbox and the scheduler: arrivals whose reference must be encoded first. No torch."""

import logging
import time
from collections import deque
from collections.abc import Iterable, Iterator

from worker.engine.inbox import Arrival
from worker.engine.prompter import Prompter
from worker.engine.speaker import Speak
from worker.model.errors import EngineError
from worker.model.prompt import Prompt

log = logging.getLogger(__name__)

REFERENCES_S = 0.010
"""Encoding a reference holds up the frames of everything else: once this long is spent, the rest wait for the next step."""


class Arrivals:
    """Two queues, interactive and batch, each first come, first served: who needs no reference waits behind who does."""

    def __init__(self, prompter: Prompter) -> None:
        self._prompter = prompter
        self._interactive: deque[Arrival] = deque()
        self._batch: deque[Arrival] = deque()

    def __len__(self) -> int:
        return len(self._interactive) + len(self._batch)

    def add(self, arrivals: Iterable[Arrival]) -> None:
        for arrival in arrivals:
            self._queue_of(arrival).append(arrival)

    def drop(self, speak_id: int) -> None:
        """Forget it, if it is here."""
        for queue in (self._interactive, self._batch):
            for arrival in [arrival for arrival in queue if arrival.speak.id == speak_id]:
                queue.remove(arrival)

    def prompted(self) -> Iterator[tuple[Speak, Prompt | EngineError]]:
        """Those who may wait for a slot now, with their prompt, or with why there is none. At least one reference is encoded
        where one waits."""
        until = time.monotonic() + REFERENCES_S
        may_encode = True
        for queue in (self._interactive, self._batch):
            while queue and (may_encode or queue[0].prompt is not None):
                arrival = queue.popleft()
                if arrival.prompt is not None:
                    yield arrival.speak, arrival.prompt
                else:
                    yield arrival.speak, self._encode(arrival.speak)
                    may_encode = time.monotonic() < until

    def _encode(self, speak: Speak) -> Prompt | EngineError:
        try:
            return self._prompter.prompt(speak)
        except EngineError as error:
            return error
        except RuntimeError:
            raise   # torch says so that the device is broken, and no type tells that apart: the process must not go on
        except Exception as error:
            # One odd recording must not take the others down.
            log.exception("a reference could not be encoded")
            return EngineError(f"The reference could not be encoded: {type(error).__name__}: {error}")

    def _queue_of(self, arrival: Arrival) -> deque[Arrival]:
        return self._interactive if arrival.speak.interactive else self._batch
