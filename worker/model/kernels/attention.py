"""Attention of one new position per row, over what its slot holds. On CUDA tensors gpu/attention.py or, over
a cache in float8, gpu/float8_attention.py does the same."""

from dataclasses import dataclass

import torch
from torch import Tensor

from worker.model.kernels.kept import FLOAT8, as_kept
from worker.model.kernels.norm import rms_norm
from worker.model.kernels.rope import Rope, rotate


@dataclass(frozen=True)
class Heads:
    """Grouped-query attention (Ainslie et al. 2023, arXiv:2305.13245): n_heads / n_kv_heads queries share a key and a value.
    `eps` is that of the q and k norms. The GPU wants `dim` a power of two, 32 or more."""

    n_heads: int
    n_kv_heads: int
    dim: int
    eps: float


def decode_attention(
    qkv: Tensor,
    k_cache: Tensor,
    v_cache: Tensor,
    slots: Tensor,
    positions: Tensor,
    q_norm: Tensor,
    k_norm: Tensor,
    rope: Rope,
    heads: Heads,
    n_splits: int = 1,
) -> Tensor:
    """Norms and turns q and k, writes k and v at `positions[row]` of `slots[row]`, and attends over positions 0 to that one.

    `qkv` [rows, (n_heads + 2 n_kv_heads) · dim]; `k_cache`, `v_cache` [slots, n_kv_heads, positions, dim], written in place,
    the last two dimensions dense, in qkv's dtype or in float8 (kept.py); `slots`, `positions` [rows] int32; `q_norm`, `k_norm`
    [dim]. Returns [rows, n_heads · dim]. The new position too is attended to as the cache keeps it.
    Rows may share a slot only where nobody wants their result (padding): they race for the same position.

    On a GPU `n_splits`, a power of two, programs share one row's positions, so that few rows keep it busy. That does not
    change what is computed, but for its rounding.
    """
    if qkv.is_cuda:
        from worker.model.kernels.gpu import attention, float8_attention

        attend = float8_attention.decode_attention if k_cache.dtype == FLOAT8 else attention.decode_attention
        return attend(qkv, k_cache, v_cache, slots, positions, q_norm, k_norm, rope, heads, n_splits)
    at = positions.long()
    parts = qkv.view(len(qkv), -1, heads.dim)  # [rows, n_heads + 2 n_kv_heads, dim]
    q, k, v = torch.split(parts, [heads.n_heads, heads.n_kv_heads, heads.n_kv_heads], 1)
    cos, sin = rope.cos[at, None], rope.sin[at, None]  # [rows, 1, dim / 2]
    q = rotate(rms_norm(q, q_norm, heads.eps), cos, sin)
    k_cache[slots.long(), :, at] = as_kept(rotate(rms_norm(k, k_norm, heads.eps), cos, sin), k_cache.dtype)
    v_cache[slots.long(), :, at] = as_kept(v, v_cache.dtype)
    rows = zip(q, slots.tolist(), positions.tolist(), strict=True)
    return torch.stack([_attend(q_row, k_cache[slot, :, : n + 1], v_cache[slot, :, : n + 1]) for q_row, slot, n in rows])


def _attend(q: Tensor, k: Tensor, v: Tensor) -> Tensor:
    """`q` [n_heads, dim], `k` and `v` [n_kv_heads, n, dim] as kept; returns [n_heads · dim].

    One row at a time: in a batch, a row's sum would run over the longest row's positions, so its last bits would depend on
    its neighbours, and what a slot's former occupant left (perhaps NaN) would have to be masked.
    """
    k, v = k.to(q.dtype), v.to(q.dtype)
    q = q.view(len(k), -1, q.shape[-1])  # [n_kv_heads, group, dim]
    scores = (q @ k.transpose(1, 2)) * q.shape[-1] ** -0.5  # [n_kv_heads, group, n]
    weights = scores.softmax(-1, dtype=torch.float32).to(q.dtype)
    attended: Tensor = weights @ v  # [n_kv_heads, group, dim]
    return attended.flatten()
