"""Chunks of streams in the memory of graphs: the work of a graph is the same without one."""

from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor

from worker.engine.buckets import LONG_CHUNK_FRAMES
from worker.engine.chunk_graphs import ChunkGraphs
from worker.engine.streams import CHUNK_FRAMES
from worker.model.checkpoint import open_checkpoint
from worker.model.codec import CodecDecoder
from worker.model.config import SAMPLES_PER_FRAME
from worker.model.random_checkpoint import write_random_checkpoint


@pytest.fixture(scope="module")
def decoder(tmp_path_factory: pytest.TempPathFactory) -> CodecDecoder:
    folder: Path = tmp_path_factory.mktemp("tiny")
    write_random_checkpoint(folder, size="tiny", kind="custom_voice")
    checkpoint = open_checkpoint(folder)
    return CodecDecoder(checkpoint.codec("cpu", torch.float32), checkpoint.config.codec, torch.float32)


def random_codes(*shape: int) -> Tensor:
    return torch.from_numpy(np.random.default_rng(0).integers(0, 2048, (*shape, 16)).astype(np.int32))


def relative_error(actual: Tensor, expected: Tensor) -> float:
    return float((actual - expected).norm() / expected.norm())


def test_streams_decoded_in_turn_in_one_memory_sound_as_if_each_had_been_decoded_whole(decoder: CodecDecoder) -> None:
    """More of them than a launch has rows, and each time others: what a launch leaves behind is nobody's."""
    graphs = ChunkGraphs(decoder, None)
    codes = random_codes(11, sum(CHUNK_FRAMES[:4]))
    streams = [decoder.open_stream() for _ in codes]
    heard: list[list[Tensor]] = [[] for _ in codes]
    done = 0
    for n_frames in CHUNK_FRAMES[:4]:
        for rows in ([3], [0, 1, 2, 4, 5, 6, 7, 8, 9, 10]):
            samples = torch.empty(len(rows), n_frames * SAMPLES_PER_FRAME)
            graphs.decode([streams[row] for row in rows], codes[rows, done : done + n_frames], samples)
            for row, spoken in zip(rows, samples, strict=True):
                heard[row].append(spoken)
        done += n_frames
    whole = decoder.decode(codes)
    for parts, expected in zip(heard, whole, strict=True):
        assert relative_error(torch.cat(parts), expected) <= 1e-5


def test_a_chunk_may_be_of_any_length(decoder: CodecDecoder) -> None:
    """A reference goes before the first one."""
    graphs, stream, codes = ChunkGraphs(decoder, None), decoder.open_stream(), random_codes(1, LONG_CHUNK_FRAMES + 31)
    samples = torch.empty(1, codes.shape[1] * SAMPLES_PER_FRAME)
    for here in (slice(0, 30), slice(30, 30 + LONG_CHUNK_FRAMES + 1)):
        graphs.decode([stream], codes[:, here], samples[:, here.start * SAMPLES_PER_FRAME : here.stop * SAMPLES_PER_FRAME])
    assert int(stream.n_frames) == codes.shape[1]
    assert relative_error(samples, decoder.decode(codes)) <= 1e-5
