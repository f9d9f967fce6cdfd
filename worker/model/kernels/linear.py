"""A frame's matrix products with what stands before and after them: four of them and attention are a layer of a stack.

Weights are [out, in]. On CUDA tensors gpu/linear.py does the same: few rows in one kernel each, many by cuBLAS.
"""

import torch.nn.functional as F
from torch import Tensor

from worker.model.kernels.gate import silu_gate
from worker.model.kernels.norm import rms_norm


def norm_linear(x: Tensor, norm: Tensor, weight: Tensor, eps: float) -> Tensor:
    """rms_norm(x) · weightᵀ. `x` [rows, in], `norm` [in], `weight` [out, in], all of one dtype; returns [rows, out]."""
    if x.is_cuda:
        from worker.model.kernels.gpu import linear as gpu

        return gpu.norm_linear(x, norm, weight, eps)
    return F.linear(rms_norm(x, norm, eps), weight)


def norm_gate_linear(x: Tensor, norm: Tensor, gate_up: Tensor, eps: float) -> Tensor:
    """silu_gate(rms_norm(x) · gate_upᵀ). `x` [rows, in], `gate_up` [2 · out, in], the gate's rows first; returns [rows, out]."""
    if x.is_cuda:
        from worker.model.kernels.gpu import linear as gpu

        return gpu.norm_gate_linear(x, norm, gate_up, eps)
    return silu_gate(F.linear(rms_norm(x, norm, eps), gate_up))


def add_linear(residual: Tensor, x: Tensor, weight: Tensor) -> None:
    """residual += x · weightᵀ, in place. `residual` [rows, out], dense, `x` [rows, in], `weight` [out, in].
    Rounds the product and then the sum, but for many rows on a GPU, where only the sum is rounded."""
    if residual.is_cuda:
        from worker.model.kernels.gpu import linear as gpu

        gpu.add_linear(residual, x, weight)
    else:
        residual += F.linear(x, weight)
