"""A runner and a codec that compute nothing and check everything: what the seam allows, who has which slot, and that no frame
is decoded that should not be. A device does things in the order launched, and has done them when the host waited for a later one.

What an utterance becomes is a `Fate`, found by its seed. Its frames' codes say whose they are and which; so does their sound.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from worker.engine.runner import CodecStream, Codes, Frames, Join, Pcm
from worker.model.config import SAMPLES_PER_FRAME

END_CODE = 2150


@dataclass(frozen=True)
class Fate:
    """`n_frames` until the end token (None: it never comes), NaN in frame `broken_at` (None: never)."""

    n_frames: int | None = None
    broken_at: int | None = None


def codes_of(seed: int, first: int, n_frames: int) -> Codes:
    """[n_frames, 16]: frames first, first + 1, … of the utterance with this seed."""
    codes = np.full((n_frames, 16), seed, np.int32)
    codes[:, 1] = np.arange(first, first + n_frames)
    return codes


def sound_of(codes: Codes) -> Pcm:
    """[n_frames * 1920]: exact in float32, and told apart by seed and frame."""
    return np.repeat((codes[:, 0] * 1000 + codes[:, 1]).astype(np.float32), SAMPLES_PER_FRAME)


class Device:
    """Numbers what is launched; knows how far it has come."""

    def __init__(self) -> None:
        self.n_launched = self.n_done = 0

    def launch(self) -> int:
        self.n_launched += 1
        return self.n_launched

    def wait(self, number: int) -> None:
        self.n_done = max(self.n_done, number)


@dataclass
class Occupant:
    """Who has a slot, as the device sees it."""

    join: Join
    fate: Fate
    n_decoded: int = 0
    over: bool = False      # the host knows that it has ended: nothing more may be decoded of it

    @property
    def seed(self) -> int:
        return self.join.sampling.seed


@dataclass
class StillFrames:
    device: Device
    number: int
    occupants: list[Occupant]
    frames: Frames
    runner: "StillRunner"

    def ready(self) -> bool:
        """Whoever looks again and again sees the device get on."""
        self.device.wait(min(self.device.n_done + 1, self.device.n_launched))
        return self.device.n_done >= self.number

    def wait(self) -> Frames:
        assert self.runner.unread.pop(0) is self, "frames are read in the order launched, once each"
        self.device.wait(self.number)
        for row, occupant in enumerate(self.occupants):
            if self.frames.next_code[row] == END_CODE or self.frames.broken[row] or self._is_capped(row):
                occupant.over = True
        return self.frames

    def _is_capped(self, row: int) -> bool:
        return int(self.frames.codes[row, 1]) + 1 == self.occupants[row].join.sampling.max_frames


@dataclass
class StillRunner:
    fates: dict[int, Fate]
    n_slots: int = 4
    slot_positions: int = 64
    prefill_batch: int = 2
    end_code: int = END_CODE
    device: Device = field(default_factory=Device)
    occupants: dict[int, Occupant] = field(default_factory=dict)
    unread: list[StillFrames] = field(default_factory=list)
    joined: list[int] = field(default_factory=list)         # seeds in order
    prefills: list[list[int]] = field(default_factory=list)
    decoded: list[list[int]] = field(default_factory=list)
    cancelled: set[int] = field(default_factory=set)        # seeds that the host was told to stop, at some time
    n_prefilled_while_unread: int = 0

    def prefill(self, joins: Sequence[Join]) -> None:
        assert 1 <= len(joins) <= self.prefill_batch
        assert len({join.slot for join in joins}) == len(joins)
        for join in joins:
            assert 0 <= join.slot < self.n_slots
            assert len(join.prompt) >= 1
            assert len(join.prompt) + join.sampling.max_frames <= self.slot_positions
            before = self.occupants.get(join.slot)
            assert before is None or before.over or before.seed in self.cancelled, f"{before} is overwritten while it is spoken"
            if before is not None and any(before in unread.occupants for unread in self.unread):
                self.n_prefilled_while_unread += 1
            self.occupants[join.slot] = Occupant(join, self.fates[join.sampling.seed])
        self.device.launch()
        self.prefills.append([join.sampling.seed for join in joins])
        self.joined += self.prefills[-1]

    def decode(self, slots: Sequence[int]) -> StillFrames:
        assert 1 <= len(slots) <= self.n_slots
        assert len(set(slots)) == len(slots)
        assert len(self.unread) <= 1, "the host lags one frame, not two"
        occupants = [self.occupants[slot] for slot in slots]
        for occupant in occupants:
            assert not occupant.over, f"{occupant.seed} is decoded after its end was read: a prefill is missing"
            assert len(occupant.join.prompt) + occupant.n_decoded < self.slot_positions, "no room in the slot"
            assert occupant.n_decoded < occupant.join.sampling.max_frames, "decoded past its cap"
            assert occupant.n_decoded <= _last_frame(occupant.fate) + 1, "more than one frame past its end"
        frames = Frames(
            codes=np.concatenate([codes_of(occupant.seed, occupant.n_decoded, 1) for occupant in occupants]),
            next_code=np.array([END_CODE if occupant.n_decoded == _end_frame(occupant.fate) else 7 for occupant in occupants],
                               np.int32),
            broken=np.array([occupant.n_decoded == occupant.fate.broken_at for occupant in occupants]))
        for occupant in occupants:
            occupant.n_decoded += 1
        self.decoded.append([occupant.seed for occupant in occupants])
        launched = StillFrames(self.device, self.device.launch(), occupants, frames, self)
        self.unread.append(launched)
        return launched


def _end_frame(fate: Fate) -> int:
    return -1 if fate.n_frames is None else fate.n_frames - 1


def _last_frame(fate: Fate) -> int:
    return min(n for n in (_end_frame(fate), fate.broken_at, 10**9) if n is not None and n >= 0)


@dataclass(eq=False)
class StillStream:
    """What a stateful codec remembers: here, which codes it has seen."""

    seen: list[NDArray[np.int32]] = field(default_factory=list)


@dataclass
class StillSound:
    codec: "StillCodec"
    number: int
    pcm: list[Pcm]

    def ready(self) -> bool:
        return self.codec.runner.device.n_done >= self.number

    def wait(self) -> list[Pcm]:
        assert self.ready() or not self.codec.runner.unread, "blocks for sound while utterances are being spoken"
        self.codec.n_blocked += not self.ready()
        self.codec.runner.device.wait(self.number)
        return self.pcm


@dataclass
class StillCodec:
    runner: StillRunner
    batch_frames: int = 64
    n_launched: int = 0
    n_blocked: int = 0      # times that the host waited for sound
    takes: list[list[int]] = field(default_factory=list)        # lengths of each call
    chunks: list[list[int]] = field(default_factory=list)
    streams: list[StillStream] = field(default_factory=list)

    def decode(self, takes: Sequence[Codes]) -> StillSound:
        lengths = [len(take) for take in takes]
        assert lengths
        assert min(lengths) >= 1
        assert len(takes) == 1 or max(lengths) * len(takes) <= self.batch_frames
        self.takes.append(lengths)
        return self._launch([sound_of(take) for take in takes])

    def open_stream(self) -> CodecStream:
        self.streams.append(StillStream())
        return self.streams[-1]

    def decode_chunks(self, chunks: Sequence[tuple[CodecStream, Codes]]) -> StillSound:
        lengths = [len(codes) for _, codes in chunks]
        assert lengths
        assert min(lengths) == max(lengths) >= 1
        assert len(chunks) == 1 or sum(lengths) <= self.batch_frames
        assert len({id(stream) for stream, _ in chunks}) == len(chunks)
        for stream, codes in chunks:
            assert isinstance(stream, StillStream)
            stream.seen.append(codes.copy())
        self.chunks.append(lengths)
        return self._launch([sound_of(codes) for _, codes in chunks])

    def _launch(self, pcm: list[Pcm]) -> StillSound:
        self.n_launched += 1
        return StillSound(self, self.runner.device.launch(), pcm)

    @contextmanager
    def in_one_step(self) -> Iterator[None]:
        n_launched, n_blocked = self.n_launched, self.n_blocked
        yield
        most = 1 - (-2 * self.runner.n_slots // self.batch_frames)
        assert self.n_launched - n_launched <= most, "more codec batches in a step than its frames need"
        assert self.n_blocked - n_blocked <= 1, "who comes now waits for more than one codec batch"
