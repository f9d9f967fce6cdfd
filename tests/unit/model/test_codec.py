"""The codec's decoder on whole takes."""

from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from tests.unit.model.conftest import TinyCheckpoint
from worker.model.checkpoint import open_checkpoint
from worker.model.codec import CodecDecoder
from worker.model.codec_weights import CodecWeights
from worker.model.config import SAMPLES_PER_FRAME
from worker.model.errors import CheckpointError
from worker.model.kernels.conv import Conv, Snake, causal_conv, causal_conv_both


@pytest.fixture(scope="module")
def decoder(tiny_checkpoint: TinyCheckpoint) -> CodecDecoder:
    checkpoint = open_checkpoint(tiny_checkpoint("base"))
    return CodecDecoder(checkpoint.codec("cpu", torch.float32), checkpoint.config.codec, torch.float32)


def random_codes(decoder: CodecDecoder, n_takes: int, n_frames: int, seed: int = 0) -> Tensor:
    config = decoder.config
    codes = np.random.default_rng(seed).integers(0, config.codebook_size, (n_takes, n_frames, config.n_codes))
    return torch.from_numpy(codes.astype(np.int32))


def relative_error(actual: Tensor, expected: Tensor) -> float:
    return float((actual - expected).norm() / expected.norm())


def test_a_frame_is_1920_samples_of_float32_between_minus_one_and_one(decoder: CodecDecoder) -> None:
    samples = decoder.decode(random_codes(decoder, 2, 3))
    assert samples.shape == (2, 3 * SAMPLES_PER_FRAME)
    assert samples.dtype == torch.float32
    assert samples.abs().max() <= 1
    assert samples.std() > 0.01


def test_other_codes_in_any_of_the_sixteen_places_sound_different(decoder: CodecDecoder) -> None:
    codes = random_codes(decoder, 1, 4)
    samples = decoder.decode(codes)
    for place in range(decoder.config.n_codes):
        other = codes.clone()
        other[:, 2, place] = (other[:, 2, place] + 1) % decoder.config.codebook_size
        assert relative_error(decoder.decode(other), samples) > 1e-3, place


@pytest.mark.parametrize("changed_frame", [1, 40, 89])
def test_a_frame_changes_nothing_before_it(decoder: CodecDecoder, changed_frame: int) -> None:
    codes = random_codes(decoder, 1, 90)
    other = codes.clone()
    other[:, changed_frame] = (other[:, changed_frame] + 1) % decoder.config.codebook_size
    samples, others = decoder.decode(codes), decoder.decode(other)
    start = changed_frame * SAMPLES_PER_FRAME
    assert torch.equal(others[:, :start], samples[:, :start])
    assert not torch.equal(others[:, start : start + SAMPLES_PER_FRAME], samples[:, start : start + SAMPLES_PER_FRAME])


def test_a_frame_is_heard_longer_than_the_attention_window_but_not_for_ever(decoder: CodecDecoder) -> None:
    """Each layer reaches a window further back, the convolutions some frames more."""
    window, n_layers = decoder.config.sliding_window, decoder.config.transformer.n_layers
    codes = random_codes(decoder, 1, n_layers * window + 20)
    other = codes.clone()
    other[:, 0] = (other[:, 0] + 1) % decoder.config.codebook_size
    difference = (decoder.decode(codes) - decoder.decode(other)).view(-1, SAMPLES_PER_FRAME).abs().amax(1)  # [n_frames]
    assert difference[window - 1] > 0
    assert difference[-1] == 0


@pytest.mark.parametrize("n_padding", [1, 7, 75])
def test_padding_behind_a_take_changes_nothing_before_it(decoder: CodecDecoder, n_padding: int) -> None:
    codes = random_codes(decoder, 1, 20)
    padded = torch.cat((codes, torch.zeros_like(codes[:, :1]).expand(-1, n_padding, -1)), 1)
    samples = decoder.decode(codes)
    assert relative_error(decoder.decode(padded)[:, : samples.shape[1]], samples) <= 1e-6


def test_a_take_sounds_the_same_alone_and_in_a_batch(decoder: CodecDecoder) -> None:
    codes = random_codes(decoder, 5, 33)
    together = decoder.decode(codes)
    for row, take in enumerate(codes):
        assert relative_error(decoder.decode(take[None]), together[row : row + 1]) <= 1e-6


def test_a_missing_tensor_is_named(tiny_checkpoint: TinyCheckpoint) -> None:
    checkpoint = open_checkpoint(tiny_checkpoint("base"))
    with pytest.raises(CheckpointError, match=r"decoder\.decoder\.9\.conv\.weight"):
        CodecWeights(checkpoint.codec("cpu", torch.float32), torch.float32).conv("decoder.9")


def torch_transposed(weights: CodecWeights, name: str, x: Tensor, stretch: int) -> Tensor:
    weight, bias = weights.tensor(f"{name}.conv.weight"), weights.tensor(f"{name}.conv.bias")
    y = torch.nn.functional.conv_transpose1d(x.transpose(1, 2), weight, bias, stride=stretch)
    return y[:, :, : x.shape[1] * stretch].transpose(1, 2)  # what is cut away looks at the future


@pytest.mark.parametrize(("name", "stretch"), [("upsample.0.0", 2), ("decoder.1.block.1", 8), ("decoder.4.block.1", 3)])
def test_a_transposed_convolution_is_a_causal_one_whose_channels_are_steps(
    tiny_checkpoint: TinyCheckpoint, name: str, stretch: int
) -> None:
    checkpoint = open_checkpoint(tiny_checkpoint("base"))
    weights = CodecWeights(checkpoint.codec("cpu", torch.float32), torch.float32)
    conv = weights.transposed_conv(name, stretch)
    x = torch.randn(2, 9, conv.n_in, generator=torch.Generator().manual_seed(0))
    torch.testing.assert_close(causal_conv(x, 0, conv), torch_transposed(weights, name, x, stretch), rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("n_steps", [1, 20, 100], ids=["one step", "shorter than its reach", "long"])
def test_a_convolution_adds_its_residual_and_then_its_snake(n_steps: int) -> None:
    draw: Any = torch.Generator().manual_seed(0)
    conv = Conv(torch.randn(7, 6, 10, generator=draw), torch.randn(10, generator=draw), dilation=9)
    snake = Snake(torch.rand(10, generator=draw), torch.rand(10, generator=draw))
    x, residual = torch.randn(3, n_steps, 6, generator=draw), torch.randn(3, n_steps, 10, generator=draw)

    padded = torch.nn.functional.pad(x.transpose(1, 2), (54, 0))
    plain = torch.nn.functional.conv1d(padded, conv.weight.permute(2, 1, 0), conv.bias, dilation=9).transpose(1, 2)
    expected = plain + residual
    snaked = expected + torch.sin(expected * snake.alpha) ** 2 * snake.one_over_beta

    torch.testing.assert_close(causal_conv(x, 0, conv), plain, rtol=1e-5, atol=1e-5)
    total, active = causal_conv_both(x, 0, conv, residual=residual, snake=snake)
    torch.testing.assert_close(total, expected, rtol=1e-5, atol=1e-5)
    torch.testing.assert_close(active, snaked, rtol=1e-5, atol=1e-5)
    torch.testing.assert_close(causal_conv(padded.transpose(1, 2), 54, conv, residual=residual, snake=snake), active)
