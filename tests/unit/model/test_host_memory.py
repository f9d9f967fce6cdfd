"""What encoding recordings leaves behind goes back to the system."""

import numpy as np
import pytest
import torch

from tests.unit.model.conftest import TinyCheckpoint
from worker.engine.torch_references import TorchReferences
from worker.model.checkpoint import open_checkpoint
from worker.model.config import SAMPLE_RATE_HZ
from worker.model.host_memory import HostMemory, give_back_holes, rss_bytes

MIB = 2**20
BLOCK_BYTES = 64 * 1024
"""Small enough to be cut from the heap, which pages of its own are not."""


def test_holes_between_blocks_in_use_are_given_back() -> None:
    blocks = [np.ones(BLOCK_BYTES, np.uint8) for _ in range(1024)]
    kept = blocks[::2]
    blocks.clear()
    full = rss_bytes()
    give_back_holes()
    assert full - rss_bytes() > 24 * MIB, "32 MiB were free between those kept"
    assert all(block.all() for block in kept)


def test_a_process_that_is_looked_at_gives_back_what_it_no_longer_uses() -> None:
    memory = HostMemory(may_grow_bytes=16 * MIB)
    before = memory.look()
    blocks = [np.ones(BLOCK_BYTES, np.uint8) for _ in range(1024)]
    kept = blocks[::2]
    blocks.clear()
    assert memory.look() - before < 48 * MIB, "64 MiB came, 32 of them are free again"
    assert all(block.all() for block in kept)


@pytest.mark.parametrize("seconds", [3.1, 17.3])
def test_a_new_recording_leaves_no_holes(tiny_checkpoint: TinyCheckpoint, seconds: float) -> None:
    checkpoint, cpu = open_checkpoint(tiny_checkpoint("base")), torch.device("cpu")
    main, codec = checkpoint.main(cpu, torch.float32), checkpoint.codec(cpu, torch.float32)
    references = TorchReferences(checkpoint.config, main, codec, cpu)
    noise = 0.1 * np.random.default_rng(0).standard_normal(round(seconds * SAMPLE_RATE_HZ), dtype=np.float32)  # [n_samples]
    references.launch(noise, "sha256", with_codes=True)
    after = rss_bytes()
    give_back_holes()
    assert after - rss_bytes() < 2 * MIB
