# mypy: disable-error-code="import-not-found, import-untyped, no-untyped-def, no-untyped-call, untyped-decorator"
"""embedding.py on a GPU: one gathering kernel for frames and prompts."""

import torch
import triton
import triton.language as tl
from torch import Tensor

BLOCK = 512


def sum_code_rows(
    codes: Tensor, talker_table: Tensor, predictor_tables: Tensor, text_table: Tensor, text_ids: Tensor
) -> Tensor:
    """As worker.model.kernels.embedding.sum_code_rows."""
    n_rows, n_codes = codes.shape
    hidden = text_table.shape[1]
    y = torch.empty(n_rows, hidden, dtype=text_table.dtype, device=text_table.device)
    _sum_code_rows[(n_rows, triton.cdiv(hidden, BLOCK))](
        codes.contiguous(), talker_table, predictor_tables, text_table, text_ids, y,
        hidden, len(talker_table), len(predictor_tables) // (n_codes - 1), len(text_table),
        N_CODES=n_codes, BLOCK=BLOCK, num_warps=4,
    )  # fmt: skip
    return y


@triton.jit
def _sum_code_rows(
    codes_ptr, talker_ptr, predictor_ptr, text_ptr, text_ids_ptr, y_ptr,
    hidden, talker_vocabulary, predictor_vocabulary, text_vocabulary,
    N_CODES: tl.constexpr, BLOCK: tl.constexpr,
):  # fmt: skip
    """One program a row and BLOCK columns of `hidden`. Codes are summed in float32, rounded, and the text row is added."""
    dtype = y_ptr.dtype.element_ty
    row = tl.program_id(0).to(tl.int64)
    column = tl.program_id(1) * BLOCK + tl.arange(0, BLOCK)
    inside = column < hidden
    total = _row_or_zeros(talker_ptr, tl.load(codes_ptr + row * N_CODES), talker_vocabulary, hidden, column)
    for place in tl.static_range(N_CODES - 1):
        code = tl.load(codes_ptr + row * N_CODES + place + 1)
        table_ptr = predictor_ptr + place * predictor_vocabulary.to(tl.int64) * hidden
        total += _row_or_zeros(table_ptr, code, predictor_vocabulary, hidden, column)
    text = _row_or_zeros(text_ptr, tl.load(text_ids_ptr + row), text_vocabulary, hidden, column)
    tl.store(y_ptr + row * hidden + column, total.to(dtype).to(tl.float32) + text, inside)


@triton.jit
def _row_or_zeros(table_ptr, id_, vocabulary, hidden, column):
    """Some columns of a table's row as float32; zeros where the id is outside the table: nothing beyond it is read."""
    known = (id_ >= 0) & (id_ < vocabulary)
    at = tl.where(known, id_, 0).to(tl.int64) * hidden
    return tl.load(table_ptr + at + column, column < tl.where(known, hidden, 0), 0.0).to(tl.float32)
