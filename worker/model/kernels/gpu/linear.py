# mypy: disable-error-code="assignment, import-not-found, import-untyped, no-untyped-def, no-untyped-call, untyped-decorator"
"""linear.py on a GPU. Few rows leave a matrix product waiting for its weight alone: what stands before and after it is free,
and the weight can be on its way before the rows are there (chain.py).

A norm before the product costs one pass: the rows are multiplied by the norm's weight as they are loaded, their squares are
summed beside the product, and the product is scaled by the root of their mean at the end.
"""

from dataclasses import dataclass

import torch
import torch.nn.functional as F
import triton
import triton.language as tl
from torch import Tensor

from worker.model.kernels.gpu.chain import in_chain, let_next_start, wait_for_previous
from worker.model.kernels.gpu.device_limits import limits_of
from worker.model.kernels.gpu.gate import silu_gate
from worker.model.kernels.gpu.linear_tiles import Size, Tile, choose_tile, rows_of_a_program
from worker.model.kernels.gpu.norm import rms_norm


@dataclass(frozen=True)
class Product:
    """One launch: `y` [rows, out] is written from `x` [rows, in] and `weight` [out, in], or [2 · out, in] where it gates."""

    x: Tensor
    weight: Tensor
    y: Tensor
    norm: Tensor | None = None
    eps: float = 0.0
    gates: bool = False
    adds: bool = False


def norm_linear(x: Tensor, norm: Tensor, weight: Tensor, eps: float) -> Tensor:
    """As worker.model.kernels.linear.norm_linear."""
    tile = _tile_of(x, weight)
    if tile is None:
        return F.linear(rms_norm(x, norm, eps), weight)
    y = x.new_empty(len(x), len(weight))
    launch(Product(x, weight, y, norm, eps), tile)
    return y


def norm_gate_linear(x: Tensor, norm: Tensor, gate_up: Tensor, eps: float) -> Tensor:
    """As worker.model.kernels.linear.norm_gate_linear."""
    tile = _tile_of(x, gate_up, gates=True)
    if tile is None:
        return silu_gate(F.linear(rms_norm(x, norm, eps), gate_up))
    y = x.new_empty(len(x), len(gate_up) // 2)
    launch(Product(x, gate_up, y, norm, eps, gates=True), tile)
    return y


def add_linear(residual: Tensor, x: Tensor, weight: Tensor) -> None:
    """As worker.model.kernels.linear.add_linear."""
    tile = _tile_of(x, weight)
    if tile is None:
        torch.addmm(residual, x, weight.t(), out=residual)
    else:
        launch(Product(x, weight, residual, adds=True), tile)


def _tile_of(x: Tensor, weight: Tensor, gates: bool = False) -> Tile | None:
    size = Size(len(x), n_outputs=weight.shape[0], n_inputs=weight.shape[1], gates=gates)
    return choose_tile(size, x.dtype, limits_of(x.device).shared_bytes)


def launch(product: Product, tile: Tile) -> None:
    """Computes `product` by one kernel; `tile.columns` divide the outputs, `tile.chunk` the inputs."""
    n_rows, n_inputs = product.x.shape
    n_outputs = product.y.shape[1]
    _product[(n_outputs // tile.columns,)](
        product.x, product.weight if product.norm is None else product.norm, product.weight, product.y,
        n_rows, n_outputs, product.eps,
        N_INPUTS=n_inputs, ROWS=rows_of_a_program(n_rows), COLUMNS=tile.columns, CHUNK=tile.chunk, N_WARPS=tile.n_warps,
        NORMS=product.norm is not None, GATES=product.gates, ADDS=product.adds,
        num_warps=tile.n_warps, **in_chain(product.x),
    )  # fmt: skip


@triton.jit(do_not_specialize=["n_rows"])
def _product(
    x_ptr, norm_ptr, weight_ptr, y_ptr, n_rows, n_outputs, eps,
    N_INPUTS: tl.constexpr, ROWS: tl.constexpr, COLUMNS: tl.constexpr, CHUNK: tl.constexpr, N_WARPS: tl.constexpr,
    NORMS: tl.constexpr, GATES: tl.constexpr, ADDS: tl.constexpr, PDL: tl.constexpr,
):  # fmt: skip
    """One program for COLUMNS outputs of all rows. Products are batched over the warps, each with its share of a chunk."""
    let_next_start(PDL)
    dtype = y_ptr.dtype.element_ty
    SHARE: tl.constexpr = CHUNK // N_WARPS
    column = tl.program_id(0) * COLUMNS + tl.arange(0, COLUMNS)
    k = tl.arange(0, N_WARPS)[:, None] * SHARE + tl.arange(0, SHARE)[None, :]  # [warps, share]
    weights_ptr = weight_ptr + column[None, None, :] * N_INPUTS + k[:, :, None]  # [warps, share, columns]
    weights, ups, norms = (), (), ()
    for chunk in tl.static_range(N_INPUTS // CHUNK):
        weights += (tl.load(weights_ptr + chunk * CHUNK),)
        if GATES:
            ups += (tl.load(weights_ptr + n_outputs * N_INPUTS + chunk * CHUNK),)
        if NORMS:
            norms += (tl.load(norm_ptr + chunk * CHUNK + k),)
    wait_for_previous(PDL)
    row = tl.arange(0, ROWS)
    is_row = row < n_rows
    rows_ptr = x_ptr + row[None, :, None] * N_INPUTS + k[:, None, :]  # [warps, rows, share]
    sums = tl.zeros([N_WARPS, ROWS, COLUMNS], tl.float32)
    up_sums = tl.zeros([N_WARPS, ROWS, COLUMNS], tl.float32)
    squares = tl.zeros([N_WARPS, ROWS], tl.float32)
    for chunk in tl.static_range(N_INPUTS // CHUNK):
        x = tl.load(rows_ptr + chunk * CHUNK, is_row[None, :, None], 0.0)
        if NORMS:
            exact = x.to(tl.float32)
            squares += tl.sum(exact * exact, 2)
            x = (exact * norms[chunk].to(tl.float32)[:, None, :]).to(dtype)
        sums = tl.dot(x, weights[chunk], sums, input_precision="ieee")
        if GATES:
            up_sums = tl.dot(x, ups[chunk], up_sums, input_precision="ieee")
    total, up = tl.sum(sums, 0), tl.sum(up_sums, 0)  # [rows, columns]
    if NORMS:
        shrink = tl.rsqrt(tl.sum(squares, 0) / N_INPUTS + eps)[:, None]
        total, up = total * shrink, up * shrink
    y_ptr += row[:, None] * n_outputs + column[None, :]
    _store(y_ptr, total, up, is_row[:, None], GATES, ADDS)


@triton.jit
def _store(y_ptr, total, up, is_row, GATES: tl.constexpr, ADDS: tl.constexpr):
    """What follows the product, rounded where the model rounds, and the store of [rows, columns]."""
    dtype = y_ptr.dtype.element_ty
    if GATES:
        gate = total.to(dtype).to(tl.float32)
        total = (gate * tl.sigmoid(gate)).to(dtype).to(tl.float32) * up.to(dtype).to(tl.float32)
    if ADDS:
        total = total.to(dtype).to(tl.float32) + tl.load(y_ptr, is_row, 0.0).to(tl.float32)
    tl.store(y_ptr, total, is_row)
