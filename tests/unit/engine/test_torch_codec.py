"""The codec behind the engine's seam."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from worker.engine.runner import Codec, Codes, Pcm
from worker.engine.torch_codec import CPU_BATCH_FRAMES, CPU_PIECE_FRAMES, TorchCodec
from worker.model.checkpoint import open_checkpoint
from worker.model.codec import CodecDecoder
from worker.model.codec_past import CodecStream
from worker.model.config import SAMPLES_PER_FRAME
from worker.model.random_checkpoint import write_random_checkpoint


@pytest.fixture(scope="module")
def decoder(tmp_path_factory: pytest.TempPathFactory) -> CodecDecoder:
    folder: Path = tmp_path_factory.mktemp("tiny")
    write_random_checkpoint(folder, size="tiny", kind="custom_voice")
    checkpoint = open_checkpoint(folder)
    return CodecDecoder(checkpoint.codec("cpu", torch.float32), checkpoint.config.codec, torch.float32)


@pytest.fixture(scope="module")
def codec(decoder: CodecDecoder) -> TorchCodec:
    return TorchCodec(decoder)


def random_codes(n_frames: int, seed: int = 0) -> Codes:
    return np.random.default_rng(seed).integers(0, 2048, (n_frames, 16)).astype(np.int32)


def relative_error(actual: Pcm, expected: Pcm) -> float:
    return float(np.linalg.norm(actual - expected) / np.linalg.norm(expected))


def exact(decoder: CodecDecoder, codes: Codes) -> NDArray[np.float32]:
    samples: NDArray[np.float32] = decoder.decode(torch.from_numpy(codes)[None])[0].numpy()
    return samples


def test_it_is_the_codec_that_the_engine_expects(codec: TorchCodec) -> None:
    engine_sees: Codec = codec
    assert engine_sees.batch_frames == CPU_BATCH_FRAMES


def test_takes_of_any_lengths_come_back_in_order_each_of_its_own_length(codec: TorchCodec, decoder: CodecDecoder) -> None:
    takes = [random_codes(n_frames, seed) for seed, n_frames in enumerate((5, 33, 1, 16, 80))]
    launched = codec.decode(takes)
    assert launched.ready()
    for take, samples in zip(takes, launched.wait(), strict=True):
        assert samples.dtype == np.float32
        assert samples.shape == (len(take) * SAMPLES_PER_FRAME,)
        assert relative_error(samples, exact(decoder, take)) <= 1e-5


def test_a_take_longer_than_a_batch_is_decoded_all_the_same(decoder: CodecDecoder) -> None:
    take = random_codes(3 * CPU_PIECE_FRAMES + 5)
    codec = TorchCodec(decoder, batch_frames=CPU_PIECE_FRAMES)
    [samples] = codec.decode([take]).wait()
    assert relative_error(samples, exact(decoder, take)) <= 1e-5


def test_few_lengths_reach_the_device_whatever_the_takes_are(decoder: CodecDecoder, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: set[int] = set()
    decode = decoder.decode

    def watched(codes: torch.Tensor) -> torch.Tensor:
        seen.add(codes.shape[1])
        return decode(codes)

    monkeypatch.setattr(decoder, "decode", watched)
    codec = TorchCodec(decoder)
    for n_frames in range(1, 33):
        codec.decode([random_codes(n_frames)]).wait()
    assert seen == {16, 32}


def test_no_more_frames_than_a_batch_are_decoded_at_once_however_short_the_takes(
        decoder: CodecDecoder, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[int] = []
    decode = decoder.decode

    def watched(codes: torch.Tensor) -> torch.Tensor:
        seen.append(codes.shape[0] * codes.shape[1])
        return decode(codes)

    takes = [random_codes(1 + seed % 3, seed) for seed in range(10)]
    expected = [exact(decoder, take) for take in takes]
    monkeypatch.setattr(decoder, "decode", watched)
    for samples, whole in zip(TorchCodec(decoder, batch_frames=64).decode(takes).wait(), expected, strict=True):
        assert relative_error(samples, whole) <= 1e-5
    assert seen == [64, 64, 32]


def test_a_chunk_with_a_long_reference_before_it_is_decoded_in_pieces(
        decoder: CodecDecoder, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[int] = []
    decode = decoder.decode_chunks

    def watched(streams: Sequence[CodecStream], codes: torch.Tensor) -> torch.Tensor:
        seen.append(codes.shape[1])
        return decode(streams, codes)

    monkeypatch.setattr(decoder, "decode_chunks", watched)
    codec, take = TorchCodec(decoder), random_codes(2 * CPU_PIECE_FRAMES + 6)
    stream = codec.open_stream()
    parts = [codec.decode_chunks([(stream, part)]).wait()[0] for part in (take[:-4], take[-4:])]
    assert relative_error(np.concatenate(parts), exact(decoder, take)) <= 1e-5
    assert seen == [CPU_PIECE_FRAMES, CPU_PIECE_FRAMES, 2, 4]


def test_samples_stay_as_they_are_while_the_codec_goes_on(codec: TorchCodec) -> None:
    [first] = codec.decode([random_codes(4)]).wait()
    before = first.copy()
    for seed in range(1, 4):
        codec.decode([random_codes(4, seed)]).wait()
    assert np.array_equal(first, before)
    assert first.base is None


def test_streams_with_equally_long_chunks_are_decoded_in_one_call(codec: TorchCodec, decoder: CodecDecoder) -> None:
    takes = [random_codes(14, seed) for seed in range(3)]
    streams = [codec.open_stream() for _ in takes]
    heard: list[list[Pcm]] = [[] for _ in takes]
    for start, end in ((0, 2), (2, 6), (6, 14)):
        chunks = [(stream, take[start:end]) for stream, take in zip(streams, takes, strict=True)]
        for parts, samples in zip(heard, codec.decode_chunks(chunks).wait(), strict=True):
            assert samples.shape == ((end - start) * SAMPLES_PER_FRAME,)
            parts.append(samples)
    for take, parts in zip(takes, heard, strict=True):
        assert relative_error(np.concatenate(parts), exact(decoder, take)) <= 1e-5


def test_chunks_of_different_lengths_are_refused(codec: TorchCodec) -> None:
    with pytest.raises(ValueError, match=r"equally long, not \[2, 3\] frames"):
        codec.decode_chunks([(codec.open_stream(), random_codes(2)), (codec.open_stream(), random_codes(3))])


@pytest.mark.parametrize("code", [-1, 2048, 2150])
def test_codes_that_are_no_rows_of_the_codebooks_are_refused(codec: TorchCodec, code: int) -> None:
    codes = random_codes(3)
    codes[1, 0] = code
    with pytest.raises(ValueError, match="Codes are 0 to 2047"):
        codec.decode([codes])
    with pytest.raises(ValueError, match="Codes are 0 to 2047"):
        codec.decode_chunks([(codec.open_stream(), codes)])


def test_a_take_without_a_frame_is_refused(codec: TorchCodec) -> None:
    with pytest.raises(ValueError, match="at least one frame"):
        codec.decode([random_codes(0)])


def test_warming_up_leaves_nothing_behind(codec: TorchCodec) -> None:
    [before] = codec.decode([random_codes(3)]).wait()
    codec.warm_up()
    [after] = codec.decode([random_codes(3)]).wait()
    assert np.array_equal(before, after)
