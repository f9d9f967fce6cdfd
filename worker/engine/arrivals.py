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
"""References that a device encodes one after another; those behind them may still be cancelled, or gone before."""

REFERENCES_S = 0.010
"""Where nothing encodes beside the host, on a CPU, it holds up the frames of everything else: once so long is spent, the rest
wait for the next step."""


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
        """Those who may wait for a slot now, with their prompt, or with why there is none. With `wait` blocks for the first,
        where any wait."""
        self._launch()
        for queue in (self._interactive, self._batch):
            while queue and (wait or next(iter(queue.values())).is_ready):
                wait = False
                _, first = queue.popitem(last=False)
                yield first.speak, _outcome(first)

    def _launch(self) -> None:
        """The next references, interactive ones first; at least one, where one waits."""
        until = time.monotonic() + REFERENCES_S
        n_launched = 0      # and not ready
        for queue in (self._interactive, self._batch):
            for waiting in queue.values():
                if n_launched >= MOST_LAUNCHED:
                    return
                if waiting.prompted is None:
                    if time.monotonic() > until:
                        return
                    waiting.prompted = _or_error(partial(self._prompter.launch, waiting.speak))
                n_launched += not waiting.is_ready



def _outcome(waiting: _Waiting) -> Prompt | EngineError:
    prompted = waiting.prompted
    assert prompted is not None, "the first of a queue is launched before any other"
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
