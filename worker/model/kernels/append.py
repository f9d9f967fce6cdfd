"""Whole prompts enter the cache: q and k of every position normed and turned, k and v written to their slots. On CUDA tensors
gpu/append.py does the same, in one kernel and in place."""

import torch
from torch import Tensor

from worker.model.kernels.attention import Heads
from worker.model.kernels.kept import as_kept
from worker.model.kernels.norm import rms_norm
from worker.model.kernels.rope import Rope, rotate


def append_prompts(
    qkv: Tensor, k_cache: Tensor, v_cache: Tensor, slots: Tensor, q_norm: Tensor, k_norm: Tensor, rope: Rope, heads: Heads
) -> tuple[Tensor, Tensor, Tensor]:
    """Position 0, 1, … of each prompt into its slot, and what attention over the prompts themselves reads.

    `qkv` [batch, length, (n_heads + 2 n_kv_heads) · dim], dense, consumed; `k_cache`, `v_cache` [slots, n_kv_heads, positions,
    dim], written in place, the last two dimensions dense, in qkv's dtype or in float8 (kept.py); `slots` [batch] int64; `q_norm`,
    `k_norm` [dim]. Returns q [batch, length, n_heads, dim] and k, v [batch, length, n_kv_heads, dim], all in qkv's dtype and not
    rounded to the cache's; they may lie in qkv: only the last dimension is dense.
    Prompts may share a slot only where nobody wants what it holds (padding).
    """
    if qkv.is_cuda:
        from worker.model.kernels.gpu import append as gpu

        return gpu.append_prompts(qkv, k_cache, v_cache, slots, q_norm, k_norm, rope, heads)
    n_prompts, length, _ = qkv.shape
    by_head = qkv.view(n_prompts, length, -1, heads.dim)  # [batch, length, n_heads + 2 n_kv_heads, dim]
    q, k, v = torch.split(by_head, [heads.n_heads, heads.n_kv_heads, heads.n_kv_heads], dim=2)
    cos, sin = rope.cos[:length, None], rope.sin[:length, None]  # [length, 1, dim / 2]
    q = rotate(rms_norm(q.contiguous(), q_norm, heads.eps), cos, sin)
    k = rotate(rms_norm(k.contiguous(), k_norm, heads.eps), cos, sin)
    for cache, new in ((k_cache, k), (v_cache, v)):
        cache[slots, :, :length] = as_kept(new.transpose(1, 2), cache.dtype)
    return q, k, v
