"""The engine's own process: one thread steps the speaker, one reads what the worker says. No torch until the speaker is built.

It ends with its socket, whatever the worker died of; nobody else wants its sound. Whoever starts it is worker/engine/child.py.
"""

import importlib
import logging
import os
import threading
import time
from collections.abc import Callable
from multiprocessing.connection import Connection
from typing import Protocol

from worker.engine.arena import Arena
from worker.engine.errors import EngineDied
from worker.engine.messages import BEAT_S, Beat, Broken, Cancel, Progress, Ready, Return, Start, ToEngine
from worker.engine.post import Post
from worker.engine.speaker import Listener, Speak, Speaker
from worker.model.errors import EngineError
from worker.model.host_memory import HostMemory

log = logging.getLogger(__name__)


class Factory(Protocol):
    """What Start.factory names. It loads and warms up; the speaker's first utterance is as fast as its hundredth.
    `report` sends a line for people, a sign of life too: call it in whatever takes long, on the same thread, also in a step.
    Raises CheckpointError or TooLittleMemory."""

    def __call__(self, options: object, listener: Listener, report: Callable[[str], None]) -> Speaker:
        ...


class EngineProcess:
    """Runs the speaker that the worker asks for, until the worker is gone or the speaker breaks."""

    def __init__(self, connection: Connection, arena: Arena) -> None:
        self._connection = connection
        self._post = Post(connection, arena)
        self._news = threading.Event()
        self._speaker: Speaker | None = None
        self._n_steps = 0
        self._next_beat = 0.0
        self._memory = HostMemory()

    def run(self) -> int:
        """The exit status."""
        try:
            start = self._connection.recv()
            assert isinstance(start, Start)
            threading.Thread(target=self._read_forever, name="reader", daemon=True).start()
            self._speaker = speaker = _factory(start.factory)(start.options, self._post, self._report)
            self._post.send(Ready(speaker.info, self._memory.look()))
            self._step_forever(speaker)
        except EngineError as error:
            self._post.send(Broken(error))
        except Exception as error:
            log.exception("the engine broke")
            self._post.send(Broken(EngineDied(f"The engine broke: {type(error).__name__}: {error}")))
        return 1

    def _step_forever(self, speaker: Speaker) -> None:
        while True:
            # Cleared before the step: what arrives during it makes the wait below return at once.
            self._news.clear()
            busy = speaker.step()
            self._n_steps += 1
            self._post.flush()
            self._beat_when_due(speaker)
            if not busy:
                self._news.wait(BEAT_S)

    def _beat_when_due(self, speaker: Speaker) -> None:
        now = time.monotonic()
        if now >= self._next_beat:
            self._next_beat = now + BEAT_S
            self._post.send(Beat(self._n_steps, self._memory.look(), speaker.gauges()))

    def _report(self, line: str) -> None:
        self._post.send(Progress(line))

    def _read_forever(self) -> None:
        while True:
            try:
                message: ToEngine = self._connection.recv()
                self._take(message)
            except (EOFError, OSError):
                # At once, also out of a step that hangs. There is nothing to save.
                os._exit(0)
            except Exception:
                log.exception("the engine can no longer hear its worker")
                os._exit(1)
            self._news.set()

    def _take(self, message: ToEngine) -> None:
        assert self._speaker  # the worker says nothing before it is ready
        match message:
            case Speak():
                self._submit(self._speaker, message)
            case Cancel(speak_id):
                self._speaker.cancel(speak_id)
            case Return(blocks):
                self._post.returned(blocks)

    def _submit(self, speaker: Speaker, speak: Speak) -> None:
        try:
            speaker.submit(speak)
        except EngineError as error:
            self._post.refused(speak.id, error)
        except Exception as error:
            # One odd text must not take the others down.
            log.exception("an utterance could not be taken on")
            self._post.refused(speak.id, EngineError(f"The utterance could not be taken on: {type(error).__name__}: {error}"))


def _factory(path: str) -> Factory:
    module, _, name = path.partition(":")
    factory: Factory = getattr(importlib.import_module(module), name)
    return factory
