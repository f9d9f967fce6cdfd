# mypy: disable-error-code="import-not-found, import-untyped, no-untyped-def, no-untyped-call, untyped-decorator"
"""embedding.py on a GPU: one gathering kernel for frames and prompts."""

import torch
import triton
import triton.language as tl
from torch import Tensor

from worker.model.kernels.gpu.chain import in_chain, let_next_start, wait_for_previous

BLOCK = 512


def sum_code_rows(
    codes: Tensor, talker_table: Tensor, predictor_tables: Tensor, text_table: Tensor, text_ids: Tensor
) -> Tensor:
    """As worker.model.kernels.embedding.sum_code_rows."""
    tables = (talker_table, predictor_tables, text_table)
    return _launch(codes, tables, text_ids, slots=text_ids, step=text_ids, by_slot=False)


def sum_frame_rows(
    codes: Tensor, talker_table: Tensor, predictor_tables: Tensor, text_table: Tensor, trailing_ids: Tensor, slots: Tensor,
    step: Tensor,
) -> Tensor:
    """As worker.model.kernels.embedding.sum_frame_rows."""
    return _launch(codes, (talker_table, predictor_tables, text_table), trailing_ids, slots, step, by_slot=True)


def _launch(
    codes: Tensor, tables: tuple[Tensor, Tensor, Tensor], text_ids: Tensor, slots: Tensor, step: Tensor, *, by_slot: bool
) -> Tensor:
    """`slots` and `step` are followed only where text ids are `by_slot`."""
    talker_table, predictor_tables, text_table = tables
    n_rows, n_codes = codes.shape
    hidden = text_table.shape[1]
    y = torch.empty(n_rows, hidden, dtype=text_table.dtype, device=text_table.device)
    _sum_code_rows[(n_rows, triton.cdiv(hidden, BLOCK))](
        codes.contiguous(), talker_table, predictor_tables, text_table, text_ids, slots, step, y,
        hidden, len(talker_table), len(predictor_tables) // (n_codes - 1), len(text_table), text_ids.shape[-1],
        N_CODES=n_codes, BY_SLOT=by_slot, BLOCK=BLOCK, num_warps=4, **in_chain(codes),
    )  # fmt: skip
    return y


@triton.jit
def _sum_code_rows(
    codes_ptr, talker_ptr, predictor_ptr, text_ptr, text_ids_ptr, slots_ptr, step_ptr, y_ptr,
    hidden, talker_vocabulary, predictor_vocabulary, text_vocabulary, n_text_ids,
    N_CODES: tl.constexpr, BY_SLOT: tl.constexpr, BLOCK: tl.constexpr, PDL: tl.constexpr,
):  # fmt: skip
    """One program a row and BLOCK columns of `hidden`. Codes are summed in float32, rounded, and the text row is added."""
    let_next_start(PDL)
    wait_for_previous(PDL)
    dtype = y_ptr.dtype.element_ty
    row = tl.program_id(0).to(tl.int64)
    column = tl.program_id(1) * BLOCK + tl.arange(0, BLOCK)
    inside = column < hidden
    total = _row_or_zeros(talker_ptr, tl.load(codes_ptr + row * N_CODES), talker_vocabulary, hidden, column)
    for place in tl.static_range(N_CODES - 1):
        code = tl.load(codes_ptr + row * N_CODES + place + 1)
        table_ptr = predictor_ptr + place * predictor_vocabulary.to(tl.int64) * hidden
        total += _row_or_zeros(table_ptr, code, predictor_vocabulary, hidden, column)
    text_at = row
    if BY_SLOT:
        slot = tl.load(slots_ptr + row).to(tl.int64)
        text_at = slot * n_text_ids + tl.minimum(tl.load(step_ptr + slot), n_text_ids - 1)
    text = _row_or_zeros(text_ptr, tl.load(text_ids_ptr + text_at), text_vocabulary, hidden, column)
    tl.store(y_ptr + row * hidden + column, total.to(dtype).to(tl.float32) + text, inside)


@triton.jit
def _row_or_zeros(table_ptr, id_, vocabulary, hidden, column):
    """Some columns of a table's row as float32; zeros where the id is outside the table: nothing beyond it is read."""
    known = (id_ >= 0) & (id_ < vocabulary)
    at = tl.where(known, id_, 0).to(tl.int64) * hidden
    return tl.load(table_ptr + at + column, column < tl.where(known, hidden, 0), 0.0).to(tl.float32)
