# mypy: disable-error-code="import-not-found, import-untyped, no-untyped-def, no-untyped-call, untyped-decorator"
"""norm.py on a GPU: one program a row, the row in registers."""

import torch
import triton
import triton.language as tl
from torch import Tensor

from worker.model.kernels.gpu.chain import in_chain, let_next_start, wait_for_previous


def rms_norm(x: Tensor, weight: Tensor, eps: float) -> Tensor:
    """As worker.model.kernels.norm.rms_norm."""
    x = x.contiguous()
    return _launch(x, x, weight, eps, has_update=False)


def add_rms_norm(residual: Tensor, update: Tensor, weight: Tensor, eps: float) -> Tensor:
    """As worker.model.kernels.norm.add_rms_norm; `residual` is dense."""
    return _launch(residual, update.contiguous(), weight, eps, has_update=True)


def _launch(residual: Tensor, update: Tensor, weight: Tensor, eps: float, *, has_update: bool) -> Tensor:
    y = torch.empty_like(residual)
    hidden = residual.shape[-1]
    block = triton.next_power_of_2(hidden)
    _add_rms_norm[(residual.numel() // hidden,)](
        residual, update, weight, y, hidden, eps,
        HAS_UPDATE=has_update, BLOCK=block, num_warps=4 if block <= 2048 else 8, **in_chain(residual),
    )  # fmt: skip
    return y


@triton.jit
def _add_rms_norm(
    residual_ptr, update_ptr, weight_ptr, y_ptr, hidden, eps,
    HAS_UPDATE: tl.constexpr, BLOCK: tl.constexpr, PDL: tl.constexpr,
):  # fmt: skip
    """y = weight · norm(residual + update), and the sum is kept in residual. One program a row of `hidden`."""
    let_next_start(PDL)
    dtype = y_ptr.dtype.element_ty
    at = tl.program_id(0).to(tl.int64) * hidden
    column = tl.arange(0, BLOCK)
    inside = column < hidden
    weight = tl.load(weight_ptr + column, inside, 0.0).to(tl.float32)
    wait_for_previous(PDL)
    x = tl.load(residual_ptr + at + column, inside, 0.0).to(tl.float32)
    if HAS_UPDATE:
        x = (x + tl.load(update_ptr + at + column, inside, 0.0).to(tl.float32)).to(dtype)
        tl.store(residual_ptr + at + column, x, inside)
        x = x.to(tl.float32)
    normed = (x * tl.rsqrt(tl.sum(x * x, 0) / hidden + eps)).to(dtype).to(tl.float32)
    tl.store(y_ptr + at + column, normed * weight, inside)
