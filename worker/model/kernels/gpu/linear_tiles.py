"""How a frame's matrix products are cut among programs where rows are few: by number of rows and size of the weight, measured on
an H200 in a chain of launches, each with a weight of its own."""

from dataclasses import dataclass

import torch


@dataclass(frozen=True)
class Tile:
    """A program's whole weight, `columns` outputs wide, is loaded before the kernel waits for its predecessor. The inputs are
    cut among the warps: each sums its share of every `chunk` inputs, and at the end the warps' sums are added."""

    columns: int
    n_warps: int
    chunk: int = 1024


FEW_ROWS = (1, 4, 16)
"""Sizes of a program: each is compiled for itself. More rows than the last are cuBLAS's."""

TILES: dict[tuple[int, int], tuple[Tile | None, Tile | None, Tile | None]] = {
    # outputs, inputs: 1 row, up to 4, up to 16; None: cuBLAS, with norm and gate in kernels of their own, is faster
    (4096, 1024): (Tile(32, 8), Tile(32, 8), Tile(8, 4)),    # code predictor, and the talker of 0.6B: q, k and v
    (1024, 2048): (Tile(16, 8), Tile(16, 8), Tile(16, 4)),   # attention's output
    (6144, 1024): (Tile(16, 4), Tile(16, 8), Tile(16, 4)),   # gate and up
    (1024, 3072): (Tile(16, 8), Tile(16, 8), Tile(8, 4)),    # down
    (2048, 1024): (Tile(16, 4), Tile(16, 8), Tile(16, 4)),   # the predictor's heads
    (4096, 2048): (Tile(16, 4), Tile(16, 8), None),          # talker of 1.7B: q, k and v
    (2048, 2048): (Tile(16, 4), Tile(16, 8), Tile(16, 4)),   # attention's output
    (12288, 2048): (Tile(8, 4), None, None),                 # gate and up
    (2048, 6144): (Tile(8, 8), Tile(8, 8), None),            # down
}  # fmt: skip


@dataclass(frozen=True)
class Size:
    """Of a product: rows times a weight [n_outputs, n_inputs], where it gates the gate's rows and then the up's."""

    n_rows: int
    n_outputs: int
    n_inputs: int
    gates: bool = False


def choose_tile(size: Size, dtype: torch.dtype, shared_bytes: int) -> Tile | None:
    """The tile of a product on a device whose programs may have `shared_bytes` of shared memory. None where cuBLAS is faster,
    where no tile fits, and for float32, which is there to be compared, not to be fast."""
    tiles = TILES.get((size.n_outputs, size.n_inputs))
    if tiles is None or dtype == torch.float32 or size.n_rows > FEW_ROWS[-1]:
        return None
    tile = tiles[FEW_ROWS.index(rows_of_a_program(size.n_rows))]
    return tile if tile and _shared_bytes(tile, size) <= shared_bytes else None


def rows_of_a_program(n_rows: int) -> int:
    """`n_rows` padded to one of FEW_ROWS."""
    return next(rows for rows in FEW_ROWS if n_rows <= rows)


def _shared_bytes(tile: Tile, size: Size) -> int:
    """The program's weight, and a chunk of its rows: two bytes each."""
    n_weights = tile.columns * size.n_inputs * (2 if size.gates else 1)
    return 2 * (n_weights + rows_of_a_program(size.n_rows) * tile.chunk)
