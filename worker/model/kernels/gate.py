"""The gate of SwiGLU (Shazeer 2020, arXiv:2002.05202). On CUDA tensors gpu/gate.py does the same."""

import torch
from torch import Tensor


def silu_gate(gate_up: Tensor) -> Tensor:
    """silu(first half) · second half of `gate_up` [rows, 2n]; returns [rows, n]. Rounds after silu, as Qwen3-TTS does."""
    if gate_up.is_cuda:
        from worker.model.kernels.gpu import gate as gpu

        return gpu.silu_gate(gate_up)
    gate, up = gate_up.chunk(2, -1)  # [rows, n] each
    exact = gate.float()
    # Not torch's own silu: its last few elements go another way than the rest, so a row would depend on how many rows there are.
    return (exact / (1 + torch.exp(-exact))).to(gate.dtype) * up
