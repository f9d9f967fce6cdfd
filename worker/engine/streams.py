"""Utterances whose sound is wanted while they are spoken, cut into chunks of codes. No torch."""

from dataclasses import dataclass

import numpy as np

from worker.engine.runner import Codec, CodecStream, Codes
from worker.engine.utterance import Utterance

CHUNK_FRAMES = (1, 2, 4, 8, 16, 25)
"""First, second, … and from then on the last: sound soon, then in pieces large enough to be cheap. Few lengths, because only
chunks of one length are decoded together; each lasts longer than the next takes to make."""

PLAYED_STEPS = 4
"""A frame is heard for 80 ms, and in that time at least so many steps are taken (256 rows on an H200: 17 ms a step)."""


@dataclass(frozen=True)
class Chunk:
    """The next codes of a stream, of which frames `heard` are to be heard: the reference's come before them, and behind the
    end of the last chunk there may be padding, which no later chunk will hear of."""

    utterance: Utterance
    stream: CodecStream
    codes: Codes
    heard: slice
    last: bool


@dataclass(eq=False)
class _Stream:
    utterance: Utterance
    state: CodecStream
    opened_at: int          # step
    n_chunks: int = 0
    n_given: int = 0        # of utterance.codes

    @property
    def n_unheard(self) -> int:
        """How many of the next chunk's frames are the reference's: it goes with the first."""
        return max(self.utterance.n_reference_frames - self.n_given, 0)

    @property
    def runs_dry_at(self) -> int:
        """The step by which whoever listens has heard all that was given. The first chunk is wanted at once."""
        return self.opened_at + PLAYED_STEPS * max(self.n_given - self.utterance.n_reference_frames, 0)

    def next_length(self) -> int:
        """How long a chunk can go now; 0 where too few frames are there. An end goes in the shortest that holds it."""
        n_waiting = self.utterance.n_codes - self.n_given - self.n_unheard
        if self.utterance.ending is not None:
            return self.n_unheard + next((n for n in CHUNK_FRAMES if n >= n_waiting), CHUNK_FRAMES[-1])
        n_wanted = CHUNK_FRAMES[min(self.n_chunks, len(CHUNK_FRAMES) - 1)]
        return self.n_unheard + n_wanted if n_waiting >= n_wanted else 0

    def cut(self, length: int) -> Chunk:
        given = self.utterance.codes[self.n_given:self.n_given + length]
        codes = np.zeros((length, given.shape[1]), np.int32)
        codes[:len(given)] = given
        heard = slice(self.n_unheard, len(given))
        self.n_chunks += 1
        self.n_given += len(given)
        last = self.utterance.ending is not None and self.n_given == self.utterance.n_codes
        return Chunk(self.utterance, self.state, codes, heard, last)


class Streams:
    """All streamed utterances, from joining to their last chunk. `crowd`: the last batch left another behind, of any lengths."""

    def __init__(self, codec: Codec) -> None:
        self._codec = codec
        self._streams: dict[Utterance, _Stream] = {}
        self.crowd = False

    def __len__(self) -> int:
        return len(self._streams)

    def open(self, utterance: Utterance, *, step: int) -> None:
        self._streams[utterance] = _Stream(utterance, self._codec.open_stream(), step)

    def drop(self, utterance: Utterance) -> None:
        self._streams.pop(utterance, None)

    def take(self, *, most: bool = False) -> list[Chunk]:
        """Chunks of one length, those first that run dry first, as many as a batch holds: of the length of whoever runs dry
        first, or of that of which there are the most frames."""
        due: dict[int, list[_Stream]] = {}      # by length
        for stream in self._streams.values():
            if length := stream.next_length():
                due.setdefault(length, []).append(stream)
        self.crowd = False
        if not due:
            return []
        if most:
            length = max(due, key=lambda length: length * len(due[length]))
        else:
            length = min(due, key=lambda length: min(stream.runs_dry_at for stream in due[length]))
        driest_first = sorted(due[length], key=lambda stream: stream.runs_dry_at)
        chunks = [stream.cut(length) for stream in driest_first[:max(1, self._codec.batch_frames // length)]]
        n_left = sum(length * len(streams) for length, streams in due.items()) - length * len(chunks)
        self.crowd = n_left >= self._codec.batch_frames
        for chunk in chunks:
            if chunk.last:
                del self._streams[chunk.utterance]
        return chunks
