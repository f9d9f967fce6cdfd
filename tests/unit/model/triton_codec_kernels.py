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
from worker.model.kernels.gpu import residual_unit as gpu_unit
from worker.model.kernels.gpu.conv_tiles import Tiles
from worker.model.kernels.residual_unit import ResidualUnit, residual_unit, residual_unit_both

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
        pytest.param(70, (7, 24, 72, 3, 1), id="more steps and channels than a tile"),
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


def random_unit(n_channels: int, dilation: int, dtype: torch.dtype) -> ResidualUnit:
    wide, narrow = (7, n_channels, n_channels, dilation, 1), (1, n_channels, n_channels, 1, 1)
    return ResidualUnit(
        random_snake(n_channels), random_conv(wide, dtype), random_snake(n_channels), random_conv(narrow, dtype)
    )


def there(conv: Conv) -> Conv:
    return replace(conv, weight=conv.weight.to(DEVICE), bias=conv.bias.to(DEVICE))


def snake_there(snake: Snake) -> Snake:
    return Snake(snake.alpha.to(DEVICE), snake.one_over_beta.to(DEVICE))


def unit_there(unit: ResidualUnit) -> ResidualUnit:
    return ResidualUnit(snake_there(unit.before), there(unit.wide), snake_there(unit.between), there(unit.narrow))


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
    snake = random_snake(conv.n_out)
    n_past = conv.n_past if has_past else 0
    x = random(2, n_past + n_steps, conv.n_in, dtype=dtype)  # [rows, n_past + n_steps, n_in]
    residual = random(2, n_steps * conv.stretch, conv.n_out, dtype=dtype, seed=5)
    x_there, residual_there = x.to(DEVICE), residual.to(DEVICE)

    assert_close(gpu_conv.causal_conv(x_there, n_past, there(conv)), causal_conv(x, n_past, conv))
    both = gpu_conv.causal_conv_both(x_there, n_past, there(conv), residual=residual_there, snake=snake_there(snake))
    twins = causal_conv_both(x, n_past, conv, residual=residual, snake=snake)
    for actual, expected in zip(both, twins, strict=True):
        assert_close(actual, expected)
    active = gpu_conv.causal_conv(x_there, n_past, there(conv), residual=residual_there, snake=snake_there(snake))
    assert torch.equal(active, both[1])


@pytest.mark.parametrize("boxes", [False, True], ids=["by pointers", "by boxes"])
def test_a_tile_may_have_two_parts(boxes: bool) -> None:
    conv, snake = random_conv((3, 48, 96, 2, 1), HALF), random_snake(96)
    x, residual = random(2, 70, 48, dtype=HALF), random(2, 70, 96, dtype=HALF, seed=5)
    total, active = torch.empty_like(residual, device=DEVICE), torch.empty_like(residual, device=DEVICE)
    epilogue = gpu_conv.Epilogue(residual.to(DEVICE), snake_there(snake), total, active)
    tiles = Tiles(64, left=32, right=16, in_=16, n_warps=4, n_stages=2)
    gpu_conv.launch(x.to(DEVICE), 0, there(conv), epilogue, tiles, boxes=boxes)
    twins = causal_conv_both(x, 0, conv, residual=residual, snake=snake)
    for actual, expected in zip((total, active), twins, strict=True):
        assert_close(actual, expected)


@pytest.mark.parametrize("loudest", [1.0, 1000.0])
def test_a_snake_is_as_exact_as_float32_angles_are(loudest: float) -> None:
    n_channels = 16
    identity = Conv(torch.eye(n_channels)[None], torch.zeros(n_channels))
    x, snake = random(1, 200, n_channels).clamp(-3, 3) * loudest / 3, random_snake(n_channels)
    active = gpu_conv.causal_conv(x.to(DEVICE), 0, there(identity), snake=snake_there(snake)).cpu()
    angle = x.double() * snake.alpha.double()
    exact = x.double() + angle.sin().square() * snake.one_over_beta.double()
    bound = (3e-7 * angle.abs() + 3e-7) * snake.one_over_beta.double() + 1e-7 * exact.abs()
    assert ((active.double() - exact).abs() <= bound).all()


@pytest.mark.parametrize("has_past", [False, True], ids=["from silence", "with its past"])
@pytest.mark.parametrize("n_steps", [1, 150], ids=["one step", "more than a program makes"])
def test_a_residual_unit_in_one_kernel(n_steps: int, has_past: bool) -> None:
    unit, snake = random_unit(96, 9, HALF), random_snake(96)
    n_past = unit.wide.n_past if has_past else 0
    active, residual = random(2, n_past + n_steps, 96, dtype=HALF), random(2, n_steps, 96, dtype=HALF, seed=5)
    x, before, after = active.to(DEVICE), residual.to(DEVICE), snake_there(snake)
    both = gpu_unit.residual_unit_both(x, n_past, unit_there(unit), residual=before, snake=after)
    for actual, expected in zip(both, residual_unit_both(active, n_past, unit, residual=residual, snake=snake), strict=True):
        assert_close(actual, expected)
    last = gpu_unit.residual_unit(x, n_past, unit_there(unit), residual=before, snake=after)
    assert torch.equal(last, both[1])
    assert_close(last, residual_unit(active, n_past, unit, residual=residual, snake=snake))


@pytest.mark.parametrize("dtype", [torch.float32, HALF], ids=["float32", "half"])
@pytest.mark.parametrize(("n_past", "n_channels"), [(0, 20), (6, 64)])
def test_a_depthwise_convolution_and_its_norm(dtype: torch.dtype, n_past: int, n_channels: int) -> None:
    vectors = [random(n_channels, dtype=dtype, seed=seed) for seed in (1, 2, 3)]
    depthwise = Depthwise(random(7, n_channels, dtype=dtype, seed=4), *vectors)
    depthwise_there = Depthwise(*(part.to(DEVICE) for part in vars(depthwise).values()))
    x = random(2, n_past + 5, n_channels, dtype=dtype)  # [rows, n_past + n_steps, channels]

    assert_close(gpu_depthwise.depthwise_norm(x.to(DEVICE), n_past, depthwise_there), depthwise_norm(x, n_past, depthwise))
