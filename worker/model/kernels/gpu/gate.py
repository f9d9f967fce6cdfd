# mypy: disable-error-code="import-not-found, import-untyped, no-untyped-def, no-untyped-call, untyped-decorator"
"""gate.py on a GPU."""

import torch
import triton
import triton.language as tl
from torch import Tensor

from worker.model.kernels.gpu.chain import in_chain, let_next_start, wait_for_previous

BLOCK = 1024


def silu_gate(gate_up: Tensor) -> Tensor:
    """As worker.model.kernels.gate.silu_gate."""
    n_rows, n = gate_up.shape[0], gate_up.shape[1] // 2
    y = torch.empty(n_rows, n, dtype=gate_up.dtype, device=gate_up.device)
    _silu_gate[(n_rows, triton.cdiv(n, BLOCK))](
        gate_up.contiguous(), y, n, BLOCK=BLOCK, num_warps=4, **in_chain(gate_up)
    )
    return y


@triton.jit
def _silu_gate(gate_up_ptr, y_ptr, n, BLOCK: tl.constexpr, PDL: tl.constexpr):
    """One program a row and BLOCK columns of the `n` that it gives; the gate is in the first n, its factor in the next n."""
    let_next_start(PDL)
    wait_for_previous(PDL)
    dtype = y_ptr.dtype.element_ty
    row = tl.program_id(0).to(tl.int64)
    column = tl.program_id(1) * BLOCK + tl.arange(0, BLOCK)
    inside = column < n
    gate = tl.load(gate_up_ptr + row * 2 * n + column, inside, 0.0).to(tl.float32)
    up = tl.load(gate_up_ptr + row * 2 * n + n + column, inside, 0.0).to(tl.float32)
    silu = (gate * tl.sigmoid(gate)).to(dtype).to(tl.float32)
    tl.store(y_ptr + row * n + column, silu * up, inside)
