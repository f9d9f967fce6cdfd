"""The code predictor's attention: a frame's places, 16 at most, one row a slot. On CUDA tensors gpu/predictor_attention.py does
the same."""

import torch
from torch import Tensor

from worker.model.kernels.attention import Heads, decode_attention
from worker.model.kernels.rope import Rope

OPENING = range(2)
"""A frame opens with two places at once: what stands on both is known before anything is drawn."""


def predictor_attention(
    qkv: Tensor, keys: Tensor, values: Tensor, places: range, q_norm: Tensor, k_norm: Tensor, rope: Rope, heads: Heads
) -> Tensor:
    """Norms and turns q and k, writes k and v at `places`, and lets each place attend to those before it and to itself.

    `qkv` [len(places) · rows, (n_heads + 2 n_kv_heads) · dim], all rows' first place first; `keys`, `values` [slots, n_kv_heads,
    positions, dim], written in place, the last two dimensions dense: row r has slot r; `places` is OPENING or one place alone;
    `q_norm`, `k_norm` [dim]. Returns [len(places) · rows, n_heads · dim].
    """
    if qkv.is_cuda:
        from worker.model.kernels.gpu import predictor_attention as gpu

        return gpu.predictor_attention(qkv, keys, values, places, q_norm, k_norm, rope, heads)
    parts = qkv.chunk(len(places))  # [rows, (n_heads + 2 n_kv_heads) * dim] each
    rows = torch.arange(len(parts[0]), dtype=torch.int32)
    return torch.cat([
        decode_attention(part, keys, values, rows, torch.full_like(rows, place), q_norm, k_norm, rope, heads)
        for place, part in zip(places, parts, strict=True)
    ])  # fmt: skip
