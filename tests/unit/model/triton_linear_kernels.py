"""The fused matrix products against their torch twins, however they are cut. test_linear_kernels.py runs this file."""

import pytest
import torch
from torch import Tensor

from tests.unit.model.triton_kernels import DEVICE, ROUNDED, random
from worker.model.kernels import linear
from worker.model.kernels.gpu.linear import Product, launch
from worker.model.kernels.gpu.linear_tiles import Tile

N_INPUTS, N_OUTPUTS, EPS = 384, 96, 1e-6  # inputs: three chunks, no power of two
TILES = pytest.mark.parametrize("tile", [Tile(32, 4, chunk=128), Tile(16, 8, chunk=128)], ids=str)
ROWS = pytest.mark.parametrize("n_rows", [1, 3, 13])


def weight(n_outputs: int, dtype: torch.dtype, seed: int = 2) -> Tensor:
    return random(n_outputs, N_INPUTS, seed=seed).div(N_INPUTS**0.5).to(dtype)


def assert_close(actual: Tensor, exact: Tensor) -> None:
    """`exact` is float64. Float32 to a few units of a sum's last place; half precision to two roundings."""
    tolerance = 2e-6 if actual.dtype == torch.float32 else 2 * torch.finfo(actual.dtype).eps
    torch.testing.assert_close(actual.cpu().double(), exact, rtol=tolerance, atol=tolerance)


@TILES
@ROWS
@ROUNDED
def test_a_norm_and_its_product(tile: Tile, n_rows: int, dtype: torch.dtype) -> None:
    x, norm, w = random(n_rows, N_INPUTS, dtype=dtype) * 3, random(N_INPUTS, dtype=dtype, seed=1), weight(N_OUTPUTS, dtype)
    y = torch.full((n_rows, N_OUTPUTS), torch.nan, dtype=dtype, device=DEVICE)
    launch(Product(x.to(DEVICE), w.to(DEVICE), y, norm.to(DEVICE), EPS), tile)
    assert_close(y, linear.norm_linear(x.double(), norm.double(), w.double(), EPS))


@TILES
@ROWS
@ROUNDED
def test_a_norm_and_a_gated_product(tile: Tile, n_rows: int, dtype: torch.dtype) -> None:
    x, norm = random(n_rows, N_INPUTS, dtype=dtype) * 3, random(N_INPUTS, dtype=dtype, seed=1)
    gate_up = weight(2 * N_OUTPUTS, dtype)
    y = torch.full((n_rows, N_OUTPUTS), torch.nan, dtype=dtype, device=DEVICE)
    launch(Product(x.to(DEVICE), gate_up.to(DEVICE), y, norm.to(DEVICE), EPS, gates=True), tile)
    assert_close(y, linear.norm_gate_linear(x.double(), norm.double(), gate_up.double(), EPS))


@TILES
@ROWS
@ROUNDED
def test_a_product_is_added_in_place(tile: Tile, n_rows: int, dtype: torch.dtype) -> None:
    residual, x = random(n_rows, N_OUTPUTS, dtype=dtype), random(n_rows, N_INPUTS, dtype=dtype, seed=1)
    w = weight(N_OUTPUTS, dtype)
    there, exact = residual.to(DEVICE, copy=True), residual.double()
    launch(Product(x.to(DEVICE), w.to(DEVICE), there, adds=True), tile)
    linear.add_linear(exact, x.double(), w.double())
    assert_close(there, exact)
