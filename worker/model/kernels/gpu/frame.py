# mypy: disable-error-code="import-not-found, import-untyped, no-untyped-def, no-untyped-call, untyped-decorator"
"""frame.py on a GPU: one program a row."""

import torch
import triton
import triton.language as tl
from torch import Tensor

from worker.model.kernels.gpu.chain import in_chain, let_next_start, wait_for_previous


def open_frame(slots: Tensor, hidden: Tensor, next_code: Tensor, table: Tensor, codes: Tensor) -> tuple[Tensor, Tensor]:
    """As worker.model.kernels.frame.open_frame; tables are dense."""
    n_rows = len(slots)
    x, y = hidden.new_empty(n_rows, hidden.shape[1]), table.new_empty(n_rows, table.shape[1])
    _open_frame[(n_rows,)](
        slots, hidden, next_code, table, x, y, codes, hidden.shape[1], table.shape[1], codes.stride(0),
        BLOCK=triton.next_power_of_2(max(hidden.shape[1], table.shape[1])), num_warps=4, **in_chain(hidden),
    )  # fmt: skip
    return x, y


def settle_frame(
    x: Tensor, norm: Tensor, eps: float, slots: Tensor, hidden: Tensor, step: Tensor, position: Tensor, live: Tensor,
    last_position: int,
) -> Tensor:
    """As worker.model.kernels.frame.settle_frame; `x` is dense."""
    y = torch.empty_like(x)
    _settle_frame[(len(x),)](
        x, norm, y, slots, hidden, step, position, live, x.shape[1], last_position, eps,
        BLOCK=triton.next_power_of_2(x.shape[1]), num_warps=4, **in_chain(x),
    )  # fmt: skip
    return y


def report_frame(codes: Tensor, slots: Tensor, next_code: Tensor, broken: Tensor, results: Tensor) -> None:
    """As worker.model.kernels.frame.report_frame."""
    n_codes = codes.shape[1]
    _report_frame[(len(codes),)](
        codes, slots, next_code, broken, results, codes.stride(0), results.stride(0), N_CODES=n_codes,
        BLOCK=triton.next_power_of_2(n_codes), num_warps=1, **in_chain(codes),
    )  # fmt: skip


@triton.jit
def _open_frame(
    slots_ptr, hidden_ptr, next_code_ptr, table_ptr, x_ptr, y_ptr, codes_ptr, n_hidden, n_columns, codes_stride,
    BLOCK: tl.constexpr, PDL: tl.constexpr,
):  # fmt: skip
    let_next_start(PDL)
    wait_for_previous(PDL)
    row = tl.program_id(0).to(tl.int64)
    slot = tl.load(slots_ptr + row).to(tl.int64)
    code = tl.load(next_code_ptr + slot)
    column = tl.arange(0, BLOCK)
    tl.store(codes_ptr + row * codes_stride, code)
    inside = column < n_hidden
    tl.store(x_ptr + row * n_hidden + column, tl.load(hidden_ptr + slot * n_hidden + column, inside, 0.0), inside)
    inside = column < n_columns
    chosen = tl.load(table_ptr + code.to(tl.int64) * n_columns + column, inside, 0.0)
    tl.store(y_ptr + row * n_columns + column, chosen, inside)


@triton.jit
def _settle_frame(
    x_ptr, norm_ptr, y_ptr, slots_ptr, hidden_ptr, step_ptr, position_ptr, live_ptr, n_hidden, last_position, eps,
    BLOCK: tl.constexpr, PDL: tl.constexpr,
):  # fmt: skip
    let_next_start(PDL)
    dtype = y_ptr.dtype.element_ty
    row = tl.program_id(0).to(tl.int64)
    column = tl.arange(0, BLOCK)
    inside = column < n_hidden
    weight = tl.load(norm_ptr + column, inside, 0.0).to(tl.float32)
    wait_for_previous(PDL)
    slot = tl.load(slots_ptr + row).to(tl.int64)
    x = tl.load(x_ptr + row * n_hidden + column, inside, 0.0).to(tl.float32)
    normed = (x * tl.rsqrt(tl.sum(x * x, 0) / n_hidden + eps)).to(dtype).to(tl.float32) * weight
    tl.store(y_ptr + row * n_hidden + column, normed, inside)
    tl.store(hidden_ptr + slot * n_hidden + column, normed, inside)
    live = tl.load(live_ptr + slot)
    tl.store(step_ptr + slot, tl.load(step_ptr + slot) + live)
    tl.store(position_ptr + slot, tl.minimum(tl.load(position_ptr + slot) + live, last_position))


@triton.jit
def _report_frame(
    codes_ptr, slots_ptr, next_code_ptr, broken_ptr, results_ptr, codes_stride, results_stride,
    N_CODES: tl.constexpr, BLOCK: tl.constexpr, PDL: tl.constexpr,
):  # fmt: skip
    let_next_start(PDL)
    wait_for_previous(PDL)
    row = tl.program_id(0).to(tl.int64)
    slot = tl.load(slots_ptr + row).to(tl.int64)
    place = tl.arange(0, BLOCK)
    inside = place < N_CODES
    result_ptr = results_ptr + row * results_stride
    tl.store(result_ptr + place, tl.load(codes_ptr + row * codes_stride + place, inside, 0), inside)
    tl.store(result_ptr + N_CODES, tl.load(next_code_ptr + slot))
    tl.store(result_ptr + N_CODES + 1, tl.load(broken_ptr + slot).to(tl.int32))
