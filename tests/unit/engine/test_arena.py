"""Sound in shared memory: what is written on one side is read on the other, and no block is lost or used twice."""

import os
from multiprocessing.connection import Connection, Pipe

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from worker.engine.arena import BLOCK_SAMPLES, Arena, FreeBlocks, Pcm, new_arena_file
from worker.engine.messages import Sound
from worker.engine.post import Post


def two_sides(n_blocks: int) -> tuple[Arena, Arena]:
    fd = new_arena_file(n_blocks)
    try:
        return Arena(fd), Arena(fd)
    finally:
        os.close(fd)


def noise(n_samples: int, seed: int = 0) -> Pcm:
    return np.random.default_rng(seed).random(n_samples, np.float32)


def test_what_one_side_writes_the_other_reads() -> None:
    writer, reader = two_sides(3)
    assert reader.n_blocks == 3
    pcm = noise(1000)
    written = writer.write(2, pcm)
    assert np.array_equal(reader.read(written), pcm)


def test_what_was_read_does_not_change_when_its_block_is_written_again() -> None:
    writer, reader = two_sides(1)
    heard = reader.read(writer.write(0, noise(500, seed=1)))
    writer.write(0, noise(500, seed=2))
    assert np.array_equal(heard, noise(500, seed=1))


def test_an_arena_needs_no_name_and_no_space_until_it_is_written() -> None:
    fd = new_arena_file(10_000)
    try:
        assert os.fstat(fd).st_size == 10_000 * 4 * BLOCK_SAMPLES
        assert os.fstat(fd).st_blocks == 0
    finally:
        os.close(fd)


def test_a_block_that_is_not_in_use_cannot_be_given_back() -> None:
    free = FreeBlocks(2)
    block = free.take()
    free.give_back(block)
    with pytest.raises(ValueError, match=f"block {block}"):
        free.give_back(block)


@given(st.lists(st.booleans(), max_size=60))
def test_free_and_used_blocks_are_always_all_blocks(takes: list[bool]) -> None:
    free, used = FreeBlocks(8), list[int]()
    for take in takes:
        if take and len(free):
            used.append(free.take())
        elif used:
            free.give_back(used.pop(0))
        free.check_integrity()
        assert len(free) + len(used) == 8
    assert len(set(used)) == len(used)


class Worker:
    """The worker's side of a post: hears all that came, and gives blocks back when told to."""

    def __init__(self, n_blocks: int) -> None:
        writer, self._reader = two_sides(n_blocks)
        self._ears, mouth = Pipe()
        self.post = Post(mouth, writer)
        self.heard: dict[int, list[Pcm]] = {}
        self.ended: list[int] = []
        self._blocks: list[int] = []

    def listen(self) -> None:
        ears: Connection = self._ears  # type: ignore[type-arg, assignment, unused-ignore]
        while ears.poll():
            for news in ears.recv():
                if isinstance(news, Sound):
                    self.heard.setdefault(news.speak_id, []).extend(map(self._reader.read, news.written))
                    self._blocks += [written.block for written in news.written]
                if not isinstance(news, Sound) or news.last:
                    self.ended.append(news.speak_id)

    def give_back(self) -> None:
        self.post.returned(tuple(self._blocks))
        self._blocks = []


def test_sound_that_finds_no_block_waits_in_the_engine_and_comes_in_order() -> None:
    worker = Worker(n_blocks=2)
    long, short = noise(5 * BLOCK_SAMPLES + 7, seed=1), noise(100, seed=2)
    worker.post.sound(1, long, last=True, capped=False)
    worker.post.sound(2, short, last=True, capped=False)
    n_flushes = 0
    while worker.ended != [1, 2]:
        worker.post.flush()
        worker.post.free.check_integrity()
        worker.listen()
        worker.give_back()
        n_flushes += 1
        assert n_flushes < 10
    assert n_flushes == 4  # 2 + 2 + 2 blocks, and the short one
    assert np.array_equal(np.concatenate(worker.heard[1]), long)
    assert np.array_equal(np.concatenate(worker.heard[2]), short)
    worker.post.flush()
    assert len(worker.post.free) == 2


@given(st.lists(st.tuples(st.integers(0, 5), st.integers(0, 3 * BLOCK_SAMPLES), st.booleans()), max_size=12), st.integers(1, 4))
def test_every_sample_arrives_once_however_small_the_arena(sounds: list[tuple[int, int, bool]], n_blocks: int) -> None:
    worker = Worker(n_blocks)
    said: dict[int, list[Pcm]] = {}
    for n, (speak_id, n_samples, flush) in enumerate(sounds):
        said.setdefault(speak_id, []).append(noise(n_samples, seed=n))
        worker.post.sound(speak_id, said[speak_id][-1], last=False, capped=False)
        if flush:
            worker.post.flush()
            worker.listen()
    for _ in range(60):
        worker.give_back()
        worker.post.flush()
        worker.listen()
    worker.give_back()
    worker.post.flush()
    for speak_id, pieces in said.items():
        assert np.array_equal(np.concatenate([noise(0), *worker.heard[speak_id]]), np.concatenate(pieces))
    assert len(worker.post.free) == n_blocks
    worker.post.free.check_integrity()
