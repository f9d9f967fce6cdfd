"""The sizes that work is cut to. A CUDA graph has fixed shapes, so a launch is padded to the next size there is. No torch.

Sizes are dense where launches are small, because there a row too many costs the most of it.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

ROWS = (1, 2, 4, 8, 16, 32, 48, 64, 96, 128)
ROWS_BEYOND = 64
"""Above 128 rows: every multiple of this."""

PROMPT_LENGTHS = (32, 48, 64, 80, 96, 128, 192, 256, 384, 512, 768, 1024)
LONGEST_BY_PROMPTS = {1: 1024, 4: 256, 8: 128}
"""Longest length at which so many prompts share a launch: about a thousand positions, as much as one launch does quickly."""


TAKE_FRAMES = (*range(32, 256, 16), *range(256, 385, 32), *range(448, 641, 64))
"""Lengths of takes for the codec: a segment is at most some 20 s, 250 frames, and a reference of up to 30 s, 375 frames, goes
before it. Longer ones have no graph."""
TAKES = (1, 2, 3, 4, 6, 8)
STREAMS = (1, 2, 4, 8)
"""Few streams need a chunk of one length in the same step; more go in several launches."""
LONG_CHUNK_FRAMES = 128
"""A reference goes before a clone's first chunk: up to 375 frames, of one stream at a time."""


@dataclass(frozen=True, order=True)
class PromptBucket:
    """A launch of `n_prompts`, each padded to `length`."""

    n_prompts: int
    length: int


@dataclass(frozen=True)
class PromptGroup:
    """Which prompts go in one launch, by their place in the list, and its size."""

    members: tuple[int, ...]
    bucket: PromptBucket


@dataclass(frozen=True, order=True)
class TakeBucket:
    """A launch of the codec: `n_takes`, each padded to `n_frames`."""

    n_takes: int
    n_frames: int


@dataclass(frozen=True, order=True)
class ChunkBucket:
    """A launch of the codec for streams: the next `n_frames` of `n_streams`."""

    n_streams: int
    n_frames: int


def row_buckets(n_slots: int) -> list[int]:
    """Rows of a frame, ascending; the last is `n_slots`."""
    below = [*ROWS, *range(ROWS[-1] + ROWS_BEYOND, n_slots, ROWS_BEYOND)]
    return [rows for rows in below if rows < n_slots] + [n_slots]


def prompt_buckets(n_slots: int, slot_positions: int) -> list[PromptBucket]:
    """Sizes of a prefill, ascending. Longer prompts than the longest size have none: they run alone, without a graph."""
    lengths = [length for length in PROMPT_LENGTHS if length < slot_positions]
    lengths += [slot_positions] if slot_positions <= PROMPT_LENGTHS[-1] else []
    return [
        PromptBucket(n_prompts, length)
        for n_prompts, longest in LONGEST_BY_PROMPTS.items() if n_prompts <= n_slots
        for length in lengths if length <= longest
    ]


def split_rows(n_rows: int, buckets: Collection[int]) -> list[int]:
    """Sizes of the launches that together decode `n_rows`: as few as there can be, only the last one padded. With no buckets
    at all one launch of just that size."""
    if not buckets:
        return [n_rows]
    largest = max(buckets)
    n_full, rest = divmod(n_rows, largest)
    return [largest] * n_full + ([min(size for size in buckets if size >= rest)] if rest else [])


def group_prompts(lengths: Sequence[int], buckets: Collection[PromptBucket]) -> list[PromptGroup]:
    """Prompts of like length together, longest first. A prompt longer than every bucket goes alone, in its own size."""
    waiting = sorted(range(len(lengths)), key=lambda i: -lengths[i])
    groups = []
    while waiting:
        longest = lengths[waiting[0]]
        fitting = [bucket for bucket in buckets if bucket.length >= longest]
        n_prompts = min(len(waiting), max((bucket.n_prompts for bucket in fitting), default=1))
        members, waiting = tuple(waiting[:n_prompts]), waiting[n_prompts:]
        padded = [bucket for bucket in fitting if bucket.n_prompts >= n_prompts]
        bucket = min(padded, key=lambda b: (b.n_prompts * b.length, b.length), default=PromptBucket(1, longest))
        groups.append(PromptGroup(members, bucket))
    return groups


def take_buckets(batch_frames: int) -> list[TakeBucket]:
    """Sizes of a codec batch of at most `batch_frames`, ascending."""
    return [TakeBucket(n_takes, n_frames) for n_takes in TAKES for n_frames in TAKE_FRAMES if n_takes * n_frames <= batch_frames]


def chunk_buckets(lengths: Collection[int]) -> list[ChunkBucket]:
    """Sizes of chunks of these lengths, ascending, and one for references."""
    chunks = [ChunkBucket(n_streams, n_frames) for n_streams in STREAMS for n_frames in lengths]
    return sorted([*chunks, ChunkBucket(1, LONG_CHUNK_FRAMES)])


def split_exactly(n: int, sizes: Collection[int]) -> list[int]:
    """Sizes of the launches that together are `n`, the largest first; none is padded. `sizes` holds 1."""
    parts = []
    for size in sorted(sizes, reverse=True):
        n_full, n = divmod(n, size)
        parts += [size] * n_full
    return parts
