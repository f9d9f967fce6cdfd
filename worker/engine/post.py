"""What the engine tells its worker, collected while it steps. No torch.

It is sent once a step, and where sound comes while a frame is waited for. One message, however many utterances it is about: each
wakes the worker's reading thread, which then has to wait for its GIL.
"""

from collections import deque
from dataclasses import dataclass
from multiprocessing.connection import Connection

from worker.engine.arena import BLOCK_SAMPLES, Arena, FreeBlocks, Pcm
from worker.engine.messages import Encoded, Failed, News, Sound, ToWorker, Written
from worker.model.errors import EngineError
from worker.model.reference import PreparedReference


@dataclass
class _Unsent:
    """Sound that the arena has not held yet. It is kept here, in the engine's own memory, until blocks come back."""

    speak_id: int
    pcm: Pcm         # [n_samples]
    last: bool
    capped: bool


class Post:
    """The Listener of a speaker. The thread that steps calls it; `refused` and `returned` may be called from any thread."""

    def __init__(self, connection: Connection, arena: Arena) -> None:
        self._connection = connection
        self._arena = arena
        self.free = FreeBlocks(arena.n_blocks)
        self._unsent: deque[_Unsent | Failed | Encoded] = deque()
        self._refused: deque[Failed] = deque()
        self._returned: deque[tuple[int, ...]] = deque()

    def sound(self, speak_id: int, pcm: Pcm, *, last: bool, capped: bool) -> None:
        self._unsent.append(_Unsent(speak_id, pcm, last, capped))

    def failed(self, speak_id: int, error: EngineError) -> None:
        # Behind the utterance's own sound, should that still wait for blocks.
        self._unsent.append(Failed(speak_id, error))

    def encoded(self, speak_id: int, reference: PreparedReference) -> None:
        self._unsent.append(Encoded(speak_id, reference))

    def refused(self, speak_id: int, error: EngineError) -> None:
        """Of an utterance that was not taken on."""
        self._refused.append(Failed(speak_id, error))

    def returned(self, blocks: tuple[int, ...]) -> None:
        self._returned.append(blocks)

    def flush(self) -> None:
        """Send what there is, as far as the arena holds it. Raises OSError when the worker is gone."""
        while self._returned:
            for block in self._returned.popleft():
                self.free.give_back(block)
        news: list[News] = []
        while self._refused:
            news.append(self._refused.popleft())
        while self._unsent:
            first = self._unsent[0]
            if isinstance(first, _Unsent):
                sound = self._write(first)
                if sound is None:
                    break
                news.append(sound)
                if len(first.pcm):
                    break  # the arena is full
            else:
                news.append(first)
            self._unsent.popleft()
        if news:
            self.send(news)

    def send(self, message: ToWorker) -> None:
        """Only the thread that steps sends: were the reading thread to wait here for a slow worker, and the worker to wait for
        the reading thread, both would wait for ever."""
        self._connection.send(message)

    def _write(self, unsent: _Unsent) -> Sound | None:
        """Moves as much into the arena as it holds; None when that is nothing."""
        written: list[Written] = []
        while len(unsent.pcm) and len(self.free):
            written.append(self._arena.write(self.free.take(), unsent.pcm[:BLOCK_SAMPLES]))
            unsent.pcm = unsent.pcm[BLOCK_SAMPLES:]
        if len(unsent.pcm) and not written:
            return None
        return Sound(unsent.speak_id, tuple(written), last=unsent.last and not len(unsent.pcm), capped=unsent.capped)
