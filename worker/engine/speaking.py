"""An utterance as its caller hears it, while the engine's process speaks it. No torch."""

from collections.abc import Callable, Iterator
from queue import SimpleQueue

from worker.engine.speaker import Pcm, Speak
from worker.model.errors import EngineError
from worker.model.reference import PreparedReference


class Speaking:
    """An utterance that the engine was asked for."""

    def __init__(self, speak: Speak, cancel: Callable[["Speaking"], None]) -> None:
        self.speak = speak
        self.capped = False          # the frame cap ended it; known once `chunks` has come to its end
        self.cancelled = False
        self.encoded: PreparedReference | None = None   # what its reference, if that is kept, became; known with its first sound
        self._cancel = cancel
        self._said: SimpleQueue[Pcm | EngineError | None] = SimpleQueue()

    def chunks(self) -> Iterator[Pcm]:
        """Blocks for each next piece of sound, [at most 24,000 samples]. Ends early when cancelled, which `cancelled` says.
        Raises BadUtterance, EngineFull, BrokenNumbers or EngineDied. To be read once, by one thread."""
        while True:
            said = self._said.get()
            if said is None or self.cancelled:
                return
            if isinstance(said, EngineError):
                raise said
            yield said

    def cancel(self) -> None:
        """From any thread, any number of times, also after the end."""
        self.cancelled = True
        self._cancel(self)
        self._said.put(None)

    def hear(self, pieces: list[Pcm], *, last: bool, capped: bool) -> None:
        for piece in pieces:
            self._said.put(piece)
        if last:
            self.capped = capped
            self._said.put(None)

    def fail(self, error: EngineError) -> None:
        self._said.put(error)
