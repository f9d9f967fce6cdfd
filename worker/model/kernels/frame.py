"""The ends of a frame: rows gathered from their slots, and put back. On CUDA tensors gpu/frame.py does the same.

Tensors by slot hold every slot; `slots` [rows] int32 says which is whose. No slot is named twice, but for the scratch slot,
whose rows race for it: nobody wants what they leave there.
"""

import torch
from torch import Tensor

from worker.model.kernels.norm import rms_norm


def open_frame(slots: Tensor, hidden: Tensor, next_code: Tensor, table: Tensor, codes: Tensor) -> tuple[Tensor, Tensor]:
    """What the code predictor reads first: each row of `hidden` [slots, hidden], and the row of `table` [codes, predictor
    hidden] that its code 0 names in `next_code` [slots] int32. That code is written to column 0 of `codes` [rows, n] int32.
    Returns [rows, hidden] and [rows, predictor hidden]."""
    if hidden.is_cuda:
        from worker.model.kernels.gpu import frame as gpu

        return gpu.open_frame(slots, hidden, next_code, table, codes)
    at = slots.long()
    codes[:, 0] = next_code[at]
    return hidden[at], table[next_code[at].long()]


def settle_frame(
    x: Tensor, norm: Tensor, eps: float, slots: Tensor, hidden: Tensor, step: Tensor, position: Tensor, live: Tensor,
    last_position: int,
) -> Tensor:
    """The talker's output is kept in its slot, and the frame is counted.

    `x` [rows, hidden], before the final norm `norm` [hidden]. By slot: `hidden` [slots, hidden] takes the normed row; `step`
    and `position` int32 go on by `live`, 1, or 0 for the scratch slot. No position is past `last_position`, whatever is asked:
    the keys of the next slot begin there. Returns the normed rows [rows, hidden].
    """
    if x.is_cuda:
        from worker.model.kernels.gpu import frame as gpu

        return gpu.settle_frame(x, norm, eps, slots, hidden, step, position, live, last_position)
    at = slots.long()
    normed = rms_norm(x, norm, eps)  # [rows, hidden]
    hidden[at] = normed
    step[at] += live[at]
    position[at] = (position[at] + live[at]).clamp_max(last_position)
    return normed


def report_frame(codes: Tensor, slots: Tensor, next_code: Tensor, broken: Tensor, results: Tensor) -> None:
    """Writes `results` [rows, n + 2] int32: a row's `codes` [rows, n] int32, its slot's `next_code` int32 and `broken` uint8."""
    if codes.is_cuda:
        from worker.model.kernels.gpu import frame as gpu

        gpu.report_frame(codes, slots, next_code, broken, results)
    else:
        at = slots.long()
        torch.cat([codes, next_code[at, None], broken[at, None].int()], 1, out=results)
