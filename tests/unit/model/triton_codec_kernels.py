"""The codec's Triton kernels compute what their torch twins compute. test_triton_codec_kernels.py runs this file, on a GPU where
there is one; to run it by itself on a CPU, set TRITON_INTERPRET=1."""

from dataclasses import replace

import pytest
import torch
from torch import Tensor

from worker.model.kernels.conv import Conv, Snake, causal_conv, causal_conv_both
from worker.model.kernels.depthwise import Depthwise, depthwise_norm
from worker.model.kernels.gpu import conv as gpu_conv
from worker.model.kernels.gpu import depthwise as gpu_depthwise

ON_GPU = torch.cuda.is_available()
DEVICE = torch.device("cuda" if ON_GPU else "cpu")
HALF = torch.bfloat16 if ON_GPU else torch.float16  # Triton's interpreter cuts bfloat16 off where a GPU rounds

SHAPES = pytest.mark.parametrize(
    ("n_steps", "conv_shape"),
    [
        pytest.param(37, (7, 32, 32, 3, 1), id="dilated"),
        pytest.param(5, (7, 48, 20, 9, 1), id="fewer steps than it looks back, channels no power of two"),
        pytest.param(150, (2, 16, 8, 1, 5), id="transposed"),
        pytest.param(33, (7, 2, 1, 1, 1), id="one channel out"),
        pytest.param(8, (1, 96, 144, 1, 1), id="one tap, more channels than a tile"),
        pytest.param(1, (3, 96, 24, 1, 2), id="one step"),
    ],
)


def random(*shape: int, dtype: torch.dtype = torch.float32, seed: int = 0) -> Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed)).to(dtype)


def random_conv(shape: tuple[int, int, int, int, int], dtype: torch.dtype) -> Conv:
    n_taps, n_in, n_out, dilation, stretch = shape
    weight = random(n_taps, n_in, stretch * n_out, seed=1) / (n_taps * n_in) ** 0.5
    return Conv(weight.to(dtype), random(stretch * n_out, dtype=dtype, seed=2), dilation, stretch)


def random_snake(n_channels: int) -> Snake:
    return Snake((0.3 * random(n_channels, seed=3)).exp(), (0.3 * random(n_channels, seed=4)).exp())


def there(conv: Conv) -> Conv:
    return replace(conv, weight=conv.weight.to(DEVICE), bias=conv.bias.to(DEVICE))


def assert_close(actual: Tensor, expected: Tensor) -> None:
    """Relative norms: half precision rounds what it sums up in another order."""
    tolerance = 1e-6 if expected.dtype == torch.float32 else torch.finfo(expected.dtype).eps
    difference = actual.cpu().float() - expected.float()
    assert difference.norm() <= tolerance * expected.float().norm()


@pytest.mark.parametrize(
    ("dtype", "has_past"),
    [
        pytest.param(torch.float32, False, id="from silence"),
        pytest.param(torch.float32, True, id="with its past"),
        pytest.param(HALF, True, id="in half precision"),
    ],
)
@SHAPES
def test_a_convolution_and_what_follows_it(
    dtype: torch.dtype, n_steps: int, conv_shape: tuple[int, int, int, int, int], has_past: bool
) -> None:
    conv = random_conv(conv_shape, dtype)
    snake, snake_there = random_snake(conv.n_out), Snake(*(half.to(DEVICE) for half in vars(random_snake(conv.n_out)).values()))
    n_past = conv.n_past if has_past else 0
    x = random(2, n_past + n_steps, conv.n_in, dtype=dtype)  # [rows, n_past + n_steps, n_in]
    residual = random(2, n_steps * conv.stretch, conv.n_out, dtype=dtype, seed=5)
    x_there, residual_there = x.to(DEVICE), residual.to(DEVICE)

    assert_close(gpu_conv.causal_conv(x_there, n_past, there(conv)), causal_conv(x, n_past, conv))
    both = gpu_conv.causal_conv_both(x_there, n_past, there(conv), residual=residual_there, snake=snake_there)
    twins = causal_conv_both(x, n_past, conv, residual=residual, snake=snake)
    for actual, expected in zip(both, twins, strict=True):
        assert_close(actual, expected)
    active = gpu_conv.causal_conv(x_there, n_past, there(conv), residual=residual_there, snake=snake_there)
    assert torch.equal(active, both[1])


@pytest.mark.parametrize("dtype", [torch.float32, HALF], ids=["float32", "half"])
@pytest.mark.parametrize(("n_past", "n_channels"), [(0, 20), (6, 64)])
def test_a_depthwise_convolution_and_its_norm(dtype: torch.dtype, n_past: int, n_channels: int) -> None:
    vectors = [random(n_channels, dtype=dtype, seed=seed) for seed in (1, 2, 3)]
    depthwise = Depthwise(random(7, n_channels, dtype=dtype, seed=4), *vectors)
    depthwise_there = Depthwise(*(part.to(DEVICE) for part in vars(depthwise).values()))
    x = random(2, n_past + 5, n_channels, dtype=dtype)  # [rows, n_past + n_steps, channels]

    assert_close(gpu_depthwise.depthwise_norm(x.to(DEVICE), n_past, depthwise_there), depthwise_norm(x, n_past, depthwise))
