"""Who asks in a soak: so many at once, lulls in which the engine runs empty, and a rush that overfills it. No torch."""

import threading
import time
from dataclasses import dataclass

from worker.bench.soak.books import Books
from worker.bench.soak.cancels import Cancels
from worker.bench.soak.mix import Mix
from worker.engine.client import EngineClient
from worker.engine.speaking import Speaking
from worker.model.errors import EngineError

RUSH_EVERY_S = 20.0
LULL_S = 1.5
"""Nobody asks for anything new for so long before a rush."""
RETRY_S = 0.2
"""After a refusal, so that a full engine is not asked in a circle."""


@dataclass(frozen=True)
class Pressure:
    """`n_callers` keep an utterance in flight each; a rush asks for `n_rush` more at once."""

    n_callers: int
    n_rush: int


class Crowd:
    """Asks until `stop`. Each utterance is read to its end by a thread that writes it into the books."""

    def __init__(self, client: EngineClient, mix: Mix, books: Books, pressure: Pressure) -> None:
        self._client, self._mix, self._books, self._pressure = client, mix, books, pressure
        self._stopping = threading.Event()
        self._calling = threading.Event()       # cleared in a lull
        self._calling.set()
        self._asking = threading.Lock()
        self._cancels = Cancels(books)
        callers = [threading.Thread(target=self._call, name=f"caller-{n}", daemon=True) for n in range(pressure.n_callers)]
        self._threads = [*callers, threading.Thread(target=self._rush_forever, name="rush", daemon=True)]

    def start(self) -> None:
        self._cancels.start()
        for thread in self._threads:
            thread.start()

    def stop(self, patience_s: float) -> bool:
        """No new utterances; whether all have ended within `patience_s`."""
        self._stopping.set()
        self._calling.set()
        until = time.monotonic() + patience_s
        for thread in self._threads:
            thread.join(max(0.0, until - time.monotonic()))
        self._cancels.stop()
        return not any(thread.is_alive() for thread in self._threads)

    def _call(self) -> None:
        while not self._stopping.is_set():
            self._calling.wait()
            if not self._read(self._ask()):
                self._stopping.wait(RETRY_S)

    def _rush_forever(self) -> None:
        """The first one at once."""
        while not self._stopping.is_set():
            for speaking in [self._ask() for _ in range(self._pressure.n_rush)]:
                self._read(speaking)
            self._stopping.wait(RUSH_EVERY_S)
            self._calling.clear()
            self._stopping.wait(LULL_S)
            self._calling.set()

    def _ask(self) -> Speaking:
        with self._asking:
            part = self._mix.draw()
        self._books.ask(part)
        speaking = self._client.speak(part.speak)
        if part.cancel_after_s is not None:
            self._cancels.add(speaking, part.cancel_after_s)
        return speaking

    def _read(self, speaking: Speaking) -> bool:
        """To its end; False where it failed."""
        speak_id, n_samples = speaking.speak.id, 0
        try:
            for pcm in speaking.chunks():
                n_samples += len(pcm)
        except EngineError as error:
            self._books.close_failed(speak_id, error)
            return False
        if speaking.cancelled:
            self._books.close_cancelled(speak_id)
        else:
            self._books.close_spoken(speak_id, n_samples, capped=speaking.capped)
        return True
