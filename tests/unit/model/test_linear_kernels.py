"""The fused matrix products, without a GPU too."""

import pytest
import torch

from tests.unit.model.interpreted import assert_pass
from worker.model.kernels.gpu.linear_tiles import TILES, Size, choose_tile

BFLOAT16 = torch.bfloat16
H200_BYTES, RTX_3090_BYTES = 227 * 1024, 99 * 1024
GATED = {(6144, 1024), (12288, 2048)}


@pytest.mark.timeout(600)  # 10 s of CPU, on a machine that may be busy
def test_every_fused_product_computes_what_its_torch_twin_computes() -> None:
    assert_pass("triton_linear_kernels.py")


@pytest.mark.parametrize(("n_outputs", "n_inputs"), TILES, ids=str)
def test_a_tile_divides_its_weight_and_both_halves_of_a_gated_one(n_outputs: int, n_inputs: int) -> None:
    gates = (n_outputs, n_inputs) in GATED
    for tile in TILES[n_outputs, n_inputs]:
        if tile is not None:
            assert n_outputs % ((2 if gates else 1) * tile.columns) == 0
            assert n_inputs % tile.chunk == 0
            assert tile.chunk % tile.n_warps == 0


@pytest.mark.parametrize(("n_outputs", "n_inputs"), TILES, ids=str)
def test_one_row_of_the_real_sizes_takes_one_kernel(n_outputs: int, n_inputs: int) -> None:
    size = Size(1, n_outputs, n_inputs, gates=(n_outputs, n_inputs) in GATED)
    assert choose_tile(size, BFLOAT16, H200_BYTES) is not None


def test_rows_between_two_sizes_of_a_program_take_the_larger() -> None:
    for n_rows, padded in ((2, 4), (5, 16), (9, 16)):
        assert choose_tile(Size(n_rows, 1024, 2048), BFLOAT16, H200_BYTES) == choose_tile(
            Size(padded, 1024, 2048), BFLOAT16, H200_BYTES
        )


def test_a_program_has_no_more_shared_memory_than_its_device_gives() -> None:
    """Weight and rows, at two bytes each: 16 · 3072 and 4 · 1024."""
    needed = 2 * (16 * 3072 + 4 * 1024)
    assert RTX_3090_BYTES < needed < H200_BYTES
    down = Size(4, 1024, 3072)
    assert choose_tile(down, BFLOAT16, needed) == choose_tile(down, BFLOAT16, H200_BYTES) is not None
    assert choose_tile(down, BFLOAT16, needed - 1) is None


def test_a_gated_product_holds_two_weights() -> None:
    gate_up = Size(1, 6144, 1024, gates=True)
    needed = 2 * (2 * 16 * 1024 + 1024)
    assert choose_tile(gate_up, BFLOAT16, needed) is not None
    assert choose_tile(gate_up, BFLOAT16, needed - 1) is None


@pytest.mark.parametrize(
    ("size", "dtype"),
    [(Size(17, 1024, 2048), BFLOAT16), (Size(1, 96, 1024), BFLOAT16), (Size(1, 1024, 2048), torch.float32)],
    ids=["many rows", "a size not measured", "float32"],
)
def test_the_rest_goes_to_cublas(size: Size, dtype: torch.dtype) -> None:
    assert choose_tile(size, dtype, H200_BYTES) is None
