"""Between the inbox and the scheduler: arrivals whose reference must be encoded first. No torch."""

import logging
import time
from collections import OrderedDict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import TypeVar

from worker.engine.inbox import Arrival
from worker.engine.prompter import LaunchedPrompt, Prompter
from worker.engine.speaker import Speak
from worker.model.errors import EngineError
from worker.model.prompt import Prompt

Encoded = TypeVar("Encoded")

log = logging.getLogger(__name__)

MOST_LAUNCHED = 4
"""References on the device, which encodes one after another; those behind them may still be cancelled, or overtaken."""

REFERENCES_S = 0.010
"""Launching holds up the frames of everything else, on a CPU for as long as encoding takes: once so long is spent, the rest wait
for the next step."""


@dataclass
class _Waiting:
    """`prompted` is None until it is launched."""

    speak: Speak
    prompted: LaunchedPrompt | Prompt | EngineError | None

    @property
    def is_ready(self) -> bool:
        return self.prompted is not None and (isinstance(self.prompted, Prompt | EngineError) or self.prompted.ready())


class Arrivals:
    """Two queues, interactive and batch, each first come, first served: who needs no reference waits behind who does."""

    def __init__(self, prompter: Prompter) -> None:
        self._prompter = prompter
        self._interactive: OrderedDict[int, _Waiting] = OrderedDict()
        self._batch: OrderedDict[int, _Waiting] = OrderedDict()
        self._on_device: list[LaunchedPrompt] = []      # also those that nobody wants any more

    def __len__(self) -> int:
        return len(self._interactive) + len(self._batch)

    def add(self, arrivals: Iterable[Arrival]) -> None:
        for arrival in arrivals:
            queue = self._interactive if arrival.speak.interactive else self._batch
            queue[arrival.speak.id] = _Waiting(arrival.speak, arrival.prompt)

    def drop(self, speak_id: int) -> None:
        """Forget it, if it is here."""
        self._interactive.pop(speak_id, None)
        self._batch.pop(speak_id, None)

    def prompted(self, *, wait: bool) -> Iterator[tuple[Speak, Prompt | EngineError]]:
        """Those who may wait for a slot now, with their prompt, or with why there is none. With `wait` blocks for one, where
        any wait and none is ready."""
        self._launch()
        for queue in (self._interactive, self._batch):
            while queue and next(iter(queue.values())).is_ready:
                wait = False
                yield _taken_from(queue)
        queue = self._interactive or self._batch
        if wait and queue:
            first = next(iter(queue.values()))
            if first.prompted is None:      # the device is full of what was cancelled
                self._launch_one(first)
            yield _taken_from(queue)

    def _launch(self) -> None:
        """The next references, interactive ones first; at least one, where one waits and the device is not full."""
        self._on_device = [launched for launched in self._on_device if not launched.ready()]
        until = time.monotonic() + REFERENCES_S
        n_launched = 0
        for queue in (self._interactive, self._batch):
            for waiting in queue.values():
                if len(self._on_device) >= MOST_LAUNCHED or (n_launched and time.monotonic() > until):
                    return
                if waiting.prompted is None:
                    self._launch_one(waiting)
                    n_launched += 1

    def _launch_one(self, waiting: _Waiting) -> None:
        waiting.prompted = launched = _or_error(partial(self._prompter.launch, waiting.speak))
        if not isinstance(launched, EngineError) and not launched.ready():
            self._on_device.append(launched)


def _taken_from(queue: OrderedDict[int, _Waiting]) -> tuple[Speak, Prompt | EngineError]:
    """The first of it, once it is encoded."""
    _, first = queue.popitem(last=False)
    return first.speak, _outcome(first)


def _outcome(waiting: _Waiting) -> Prompt | EngineError:
    prompted = waiting.prompted
    assert prompted is not None, "only what was launched is taken"
    return prompted if isinstance(prompted, Prompt | EngineError) else _or_error(prompted.wait)


def _or_error(encode: Callable[[], Encoded]) -> Encoded | EngineError:
    try:
        return encode()
    except EngineError as error:
        return error
    except RuntimeError:
        raise   # torch says so that the device is broken, and no type tells that apart: the process must not go on
    except Exception as error:
        # One odd recording must not take the others down.
        log.exception("a reference could not be encoded")
        return EngineError(f"The reference could not be encoded: {type(error).__name__}: {error}")
