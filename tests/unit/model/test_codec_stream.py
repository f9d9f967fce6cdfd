"""The codec's decoder chunk after chunk: what a listener hears is what a whole decode would have given."""

import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from torch import Tensor

from tests.unit.model.test_codec import decoder, random_codes, relative_error  # noqa: F401 - decoder is a fixture
from worker.model.codec import CodecDecoder
from worker.model.codec_past import CodecStream
from worker.model.config import SAMPLES_PER_FRAME

CLOSE = 1e-5
"""Relative norm. Not equal to the bit: a CPU's convolution adds up in another order at another length."""

A_FEW = settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
CHUNKS = st.lists(st.integers(1, 40), min_size=1, max_size=8)


def in_chunks(decoder: CodecDecoder, codes: Tensor, lengths: list[int]) -> Tensor:  # noqa: F811
    """One stream: `codes` [1, sum of lengths, 16] → [1, n_samples]"""
    stream = decoder.open_stream()
    return torch.cat([decoder.decode_chunks([stream], chunk) for chunk in torch.split(codes, lengths, 1)], 1)


@A_FEW
@given(lengths=CHUNKS, seed=st.integers(0, 1000))
def test_any_chunks_give_the_samples_of_a_whole_decode(decoder: CodecDecoder, lengths: list[int], seed: int) -> None:  # noqa: F811
    codes = random_codes(decoder, 1, sum(lengths), seed)
    assert relative_error(in_chunks(decoder, codes, lengths), decoder.decode(codes)) <= CLOSE


def test_frame_after_frame_past_the_attention_window(decoder: CodecDecoder) -> None:  # noqa: F811
    codes = random_codes(decoder, 1, decoder.config.sliding_window + 10)
    assert relative_error(in_chunks(decoder, codes, [1] * codes.shape[1]), decoder.decode(codes)) <= CLOSE


def test_there_is_no_seam_where_two_chunks_meet(decoder: CodecDecoder) -> None:  # noqa: F811
    """The loudest difference within 5 ms of a border is as small as anywhere."""
    codes = random_codes(decoder, 1, 60)
    lengths = [2, 4, 8, 16, 25, 5]
    difference = (in_chunks(decoder, codes, lengths) - decoder.decode(codes))[0].abs()  # [n_samples]
    borders = torch.tensor(lengths).cumsum(0)[:-1] * SAMPLES_PER_FRAME
    for border in borders.tolist():
        assert difference[border - 120 : border + 120].max() <= 1e-4


def test_streams_that_began_at_different_times_are_decoded_together(decoder: CodecDecoder) -> None:  # noqa: F811
    codes = random_codes(decoder, 3, 90)
    streams = [decoder.open_stream() for _ in codes]
    heard: list[list[Tensor]] = [[] for _ in codes]
    done = [0, 0, 0]

    def advance(rows: list[int], n_frames: int) -> None:
        chunks = torch.stack([codes[row, done[row] : done[row] + n_frames] for row in rows])
        for row, samples in zip(rows, decoder.decode_chunks([streams[row] for row in rows], chunks), strict=True):
            heard[row].append(samples)
            done[row] += n_frames

    advance([0], 2)
    advance([0, 1], 7)
    advance([2, 0, 1], 25)
    advance([1, 2], 3)
    advance([0, 2, 1], 30)
    advance([1], 10)

    whole = decoder.decode(codes)
    for row, parts in enumerate(heard):
        samples = torch.cat(parts)
        assert relative_error(samples, whole[row, : len(samples)]) <= CLOSE, row


def test_a_stream_says_the_same_whoever_is_decoded_with_it(decoder: CodecDecoder) -> None:  # noqa: F811
    codes = random_codes(decoder, 4, 24)
    streams = [decoder.open_stream() for _ in codes]
    together = torch.cat([decoder.decode_chunks(streams, chunk) for chunk in torch.split(codes, 6, 1)], 1)
    for row in range(len(codes)):
        assert relative_error(together[row : row + 1], in_chunks(decoder, codes[row : row + 1], [6] * 4)) <= 1e-6


def test_a_stream_remembers_no_more_after_500_frames_than_before_the_first(decoder: CodecDecoder) -> None:  # noqa: F811
    codes = random_codes(decoder, 1, 500)
    stream = decoder.open_stream()

    def kept(stream: CodecStream) -> int:
        return stream.memory.untyped_storage().nbytes()

    at_first = kept(stream)
    parts = []
    for chunk in torch.split(codes, 50, 1):
        parts.append(decoder.decode_chunks([stream], chunk))
        assert kept(stream) == at_first == decoder.memory_size * decoder.dtype.itemsize
    assert int(stream.n_frames) == 500
    assert relative_error(torch.cat(parts, 1), decoder.decode(codes)) <= CLOSE


def test_a_stream_decoded_in_company_keeps_no_memory_of_the_others(decoder: CodecDecoder) -> None:  # noqa: F811
    streams = [decoder.open_stream() for _ in range(8)]
    decoder.decode_chunks(streams, random_codes(decoder, 8, 3))
    for stream in streams:
        assert stream.memory.untyped_storage().nbytes() == decoder.memory_size * decoder.dtype.itemsize
