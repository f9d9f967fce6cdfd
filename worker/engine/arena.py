"""Shared memory for sound, in blocks of one second: the engine writes them, the worker reads them and gives them back.

Why not through the socket: at a thousand times real time, sound is 100 MB/s, which a worker full of busy threads would read in
hundreds of small pieces, waiting for its GIL before each. A block costs one copy, and its message a few bytes. No torch.
"""

import mmap
import os
import sys
import tempfile

import numpy as np
from numpy.typing import NDArray

from worker.engine.messages import Written

BLOCK_SAMPLES = 24_000
_BLOCK_BYTES = 4 * BLOCK_SAMPLES

Pcm = NDArray[np.float32]


def new_arena_file(n_blocks: int) -> int:
    """A file descriptor of memory that no other process can open by name. Pages take room once they are written.

    Not multiprocessing's shared memory: that lies in /dev/shm, which containers keep at 64 MiB, and outlives a killed worker.
    """
    if sys.platform == "linux":
        fd = os.memfd_create("speech-arena")
    else:
        with tempfile.TemporaryFile() as file:
            fd = os.dup(file.fileno())
    os.ftruncate(fd, n_blocks * _BLOCK_BYTES)
    return fd


class Arena:
    """One side's view of the memory behind `fd`, which may be closed afterwards."""

    def __init__(self, fd: int) -> None:
        size_bytes = os.fstat(fd).st_size
        memory = mmap.mmap(fd, size_bytes)
        self._blocks = np.frombuffer(memory, np.float32).reshape(-1, BLOCK_SAMPLES)  # [n_blocks, BLOCK_SAMPLES]
        self.n_blocks = len(self._blocks)

    def write(self, block: int, pcm: Pcm) -> Written:
        """`pcm` [at most BLOCK_SAMPLES] into `block`."""
        self._blocks[block, :len(pcm)] = pcm
        return Written(block, len(pcm))

    def read(self, written: Written) -> Pcm:
        """A copy: the block may be written again at once."""
        return self._blocks[written.block, :written.n_samples].copy()


class FreeBlocks:
    """Which blocks may be written. The engine's side owns this; one thread calls it."""

    def __init__(self, n_blocks: int) -> None:
        self._n_blocks = n_blocks
        # The block that came back last is taken first: it lies in the processor's cache, and fewer pages are ever touched.
        self._free = list(range(n_blocks - 1, -1, -1))
        self._used: set[int] = set()

    def __len__(self) -> int:
        return len(self._free)

    def take(self) -> int:
        """Raises IndexError when none is free."""
        block = self._free.pop()
        self._used.add(block)
        return block

    def give_back(self, block: int) -> None:
        """Raises ValueError for a block that is not in use: it would be written by two at once."""
        if block not in self._used:
            raise ValueError(f"block {block} was given back, but is not in use")
        self._used.remove(block)
        self._free.append(block)

    def check_integrity(self) -> None:
        """free + used = all, and none is both."""
        assert len(self._free) + len(self._used) == self._n_blocks, (len(self._free), len(self._used), self._n_blocks)
        assert self._used.isdisjoint(self._free)
