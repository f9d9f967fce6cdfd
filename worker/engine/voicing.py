"""Codes become sound, beside the frames and never in their way: no more of them a step is launched than a step brings, and
nothing waits for it while anything is being spoken. No torch."""

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass

from worker.engine.runner import Codec, LaunchedSound, Pcm
from worker.engine.streams import Chunk, Streams
from worker.engine.utterance import Utterance
from worker.engine.whole_takes import WholeTakes
from worker.model.config import SAMPLES_PER_FRAME

MOST_UNREAD = 16
"""Batches of takes on the device, what several steps launch. Frames go before them, so they may be late; those that wait here
instead take no pinned memory, 8 MB a batch, find better company, and may be cancelled."""


@dataclass(frozen=True)
class Sound:
    """The next samples of an utterance; with `last` none follow."""

    utterance: Utterance
    pcm: Pcm
    last: bool


@dataclass(frozen=True)
class _Piece:
    utterance: Utterance
    heard: slice        # frames; the reference's, and padding, are not
    last: bool


@dataclass(frozen=True)
class _Launched:
    sound: LaunchedSound
    pieces: list[_Piece]


class Voicing:
    """Everything between an utterance's codes and its listener."""

    def __init__(self, codec: Codec) -> None:
        self._codec = codec
        self._streams = Streams(codec)
        self._takes = WholeTakes(codec.batch_frames)
        # Apart, as on the device: what somebody listens for doesn't wait for takes that were launched before it.
        self._launched_chunks: deque[_Launched] = deque()
        self._launched_takes: deque[_Launched] = deque()
        self._step = 0
        self._streams_went_last = self._crowd_of_streams_went_last = False
        self._frames_owed = 0       # less than one further batch

    @property
    def holds_any(self) -> bool:
        """Whether codes are here that the codec was not given yet, or more are to come."""
        return len(self._streams) > 0 or len(self._takes) > 0

    @property
    def has_launched(self) -> bool:
        """Whether sound is on its way, though nobody may want it any more."""
        return len(self._launched_chunks) + len(self._launched_takes) > 0

    def joined(self, utterance: Utterance) -> None:
        """It has a slot: its codes begin to come."""
        if utterance.streamed:
            self._streams.open(utterance, step=self._step)

    def ended(self, utterance: Utterance) -> None:
        """Its codes are all there."""
        if not utterance.streamed:
            self._takes.add(utterance, step=self._step)

    def drop(self, utterance: Utterance) -> None:
        """Nobody wants its sound. What is launched of it is passed over when it comes (Utterance.is_heard)."""
        self._streams.drop(utterance)
        self._takes.drop(utterance)

    def launch(self, *, n_rows: int) -> None:
        """One codec batch, if one is worth it. Streams go first, for somebody hears them; but takes that are due get every other
        turn. Takes gather company while frames are spoken, in `n_rows`. Where these bring more than one batch a step decodes,
        what crowds goes in further ones, as many as hold twice what the rows bring, for padding has its share: what waits would
        grow without end."""
        self._step += 1
        takes_are_due = self._takes_may_go and (
            self._takes.is_due(step=self._step) or (n_rows == 0 and len(self._takes) > 0))
        if not (takes_are_due and self._streams_went_last) and self._launch_chunks(self._streams.take()):
            self._streams_went_last = True
        elif takes_are_due:
            self._launch_takes()
            self._streams_went_last = False
        n_further, self._frames_owed = divmod(self._frames_owed + 2 * n_rows, self._codec.batch_frames)
        for _ in range(n_further):
            self._launch_a_crowd()

    def finished(self, *, wait: bool) -> Iterator[Sound]:
        """Sound that is ready, chunks of streams first, and otherwise in the order launched. With `wait` blocks for the first."""
        for launched in (self._launched_chunks, self._launched_takes):
            while launched and (wait or launched[0].sound.ready()):
                wait = False
                yield from _heard(launched.popleft())

    @property
    def _takes_may_go(self) -> bool:
        return len(self._launched_takes) < MOST_UNREAD

    def _launch_a_crowd(self) -> None:
        """Of streams and takes by turns where both crowd. Turns of their own: whoever runs dry waits for no crowd."""
        takes_crowd = self._takes_may_go and self._takes.crowd
        if self._streams.crowd and not (takes_crowd and self._crowd_of_streams_went_last):
            self._launch_chunks(self._streams.take(most=True))
            self._crowd_of_streams_went_last = True
        elif takes_crowd:
            self._launch_takes()
            self._crowd_of_streams_went_last = False

    def _launch_chunks(self, chunks: list[Chunk]) -> bool:
        if not chunks:
            return False
        sound = self._codec.decode_chunks([(chunk.stream, chunk.codes) for chunk in chunks])
        self._launched_chunks.append(_Launched(sound, [_Piece(chunk.utterance, chunk.heard, chunk.last) for chunk in chunks]))
        return True

    def _launch_takes(self) -> None:
        takes = self._takes.take(step=self._step)
        sound = self._codec.decode([take.codes for take in takes])
        pieces = [_Piece(take, slice(take.n_reference_frames, len(take.codes)), last=True) for take in takes]
        self._launched_takes.append(_Launched(sound, pieces))


def _heard(launched: _Launched) -> Iterator[Sound]:
    """Blocks until the device has done it."""
    for piece, pcm in zip(launched.pieces, launched.sound.wait(), strict=True):
        if piece.utterance.is_heard:
            yield Sound(piece.utterance, _cut(pcm, piece.heard), piece.last)


def _cut(pcm: Pcm, frames: slice) -> Pcm:
    return pcm[frames.start * SAMPLES_PER_FRAME:frames.stop * SAMPLES_PER_FRAME]
