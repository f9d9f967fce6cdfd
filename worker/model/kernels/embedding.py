"""Sums of embeddings, gathered by id: what the talker reads at a position. On CUDA tensors gpu/embedding.py does the same.

An id outside its table, −1 first of all, adds nothing.
"""

import torch
from torch import Tensor


def sum_code_rows(
    codes: Tensor, talker_table: Tensor, predictor_tables: Tensor, text_table: Tensor, text_ids: Tensor
) -> Tensor:
    """The talker's input after a frame: its 16 code embeddings, summed in float32 and rounded, and a text row.

    `codes` [rows, 16] int32, `talker_table` [vocabulary, hidden] for code 0, `predictor_tables` [15 · vocabulary, hidden] for
    codes 1 to 15, one table after the other (a row of zeros may follow), `text_table` [text vocabulary, hidden], `text_ids`
    [rows] int32. Returns [rows, hidden] in the tables' dtype.
    """
    if codes.is_cuda:
        from worker.model.kernels.gpu import embedding as gpu

        return gpu.sum_code_rows(codes, talker_table, predictor_tables, text_table, text_ids)
    n_places = codes.shape[1] - 1
    vocabulary = len(predictor_tables) // n_places
    total = _row_or_zeros(talker_table, codes[:, 0])  # [rows, hidden] float32
    for place in range(n_places):
        total += _row_or_zeros(predictor_tables[place * vocabulary : (place + 1) * vocabulary], codes[:, place + 1])
    text = _row_or_zeros(text_table, text_ids)
    return (total.to(text_table.dtype).float() + text).to(text_table.dtype)


def sum_frame_rows(
    codes: Tensor, talker_table: Tensor, predictor_tables: Tensor, text_table: Tensor, trailing_ids: Tensor, slots: Tensor,
    step: Tensor,
) -> Tensor:
    """As `sum_code_rows`, the text id being that of each row's frame: `trailing_ids` [slots, n] int32 at the row's slot
    (`slots` [rows] int32) and its `step` ([slots] int32; beyond n the last)."""
    if codes.is_cuda:
        from worker.model.kernels.gpu import embedding as gpu

        return gpu.sum_frame_rows(codes, talker_table, predictor_tables, text_table, trailing_ids, slots, step)
    at = slots.long()
    text_ids = trailing_ids[at, step[at].clamp_max(trailing_ids.shape[1] - 1).long()]  # [rows]
    return sum_code_rows(codes, talker_table, predictor_tables, text_table, text_ids)


def sum_prompt_rows(
    text_ids: Tensor, code_ids: Tensor, talker_table: Tensor, predictor_tables: Tensor, text_table: Tensor
) -> Tensor:
    """A prompt's positions. `text_ids` [n] and `code_ids` [n, 16], int32 and −1 where nothing is added; returns [n, hidden].

    qwen-tts adds a code embedding, or the rounded sum of a reference frame's 16, to a text row: the very sum of a frame.
    """
    return sum_code_rows(code_ids, talker_table, predictor_tables, text_table, text_ids)


def _row_or_zeros(table: Tensor, ids: Tensor) -> Tensor:
    """`table[ids]` [rows, hidden] as float32, zeros where an id is outside the table."""
    inside = (ids >= 0) & (ids < len(table))  # [rows]
    rows = table[torch.where(inside, ids, 0).long()].float()
    return torch.where(inside[:, None], rows, 0.0)
