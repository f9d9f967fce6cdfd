"""The speeches that a voice has begun, so that closing the voice cancels them all."""

import threading
import weakref
from typing import TypeVar

from worker.voices.seam import Speech

AnySpeech = TypeVar("AnySpeech", bound=Speech)


class InFlight:
    """Holds speeches weakly: one that its caller has dropped needs no cancelling."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._closed = False
        self._speeches: weakref.WeakSet[Speech] = weakref.WeakSet()

    def add(self, speech: AnySpeech) -> AnySpeech:
        """`speech` itself; cancelled at once where the voice is closed already."""
        with self._lock:
            self._speeches.add(speech)
            closed = self._closed
        if closed:
            speech.cancel()
        return speech

    def close(self) -> None:
        with self._lock:
            self._closed = True
            speeches = list(self._speeches)
        for speech in speeches:
            speech.cancel()
