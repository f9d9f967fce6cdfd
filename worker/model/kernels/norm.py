"""RMSNorm (Zhang and Sennrich 2019, arXiv:1910.07467), rounded where Qwen3-TTS rounds: the normed row, then its product with
the weight. On CUDA tensors gpu/norm.py does the same."""

import torch
from torch import Tensor


def rms_norm(x: Tensor, weight: Tensor, eps: float) -> Tensor:
    """`x` [..., hidden], `weight` [hidden], both of one dtype; returns [..., hidden]. The mean is taken in float32."""
    if x.is_cuda:
        from worker.model.kernels.gpu import norm as gpu

        return gpu.rms_norm(x, weight, eps)
    exact = x.float()
    mean_square = exact.pow(2).mean(-1, keepdim=True)  # [..., 1]
    return weight * (exact * torch.rsqrt(mean_square + eps)).to(x.dtype)


def add_rms_norm(residual: Tensor, update: Tensor, weight: Tensor, eps: float) -> Tensor:
    """Adds `update` to `residual` in place, rounded to its dtype, and returns the norm of the sum. All [rows, hidden]."""
    if residual.is_cuda:
        from worker.model.kernels.gpu import norm as gpu

        return gpu.add_rms_norm(residual, update, weight, eps)
    residual += update
    return rms_norm(residual, weight, eps)
