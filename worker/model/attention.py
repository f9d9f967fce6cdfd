"""Which attention serves prompts and which serves frames. All of them compute the same function.

Frames go through one of three functions of one signature (`DecodeAttention`): the engine's own kernel
(worker/model/kernels/attention.py), torch's SDPA over the whole slot, or FlashAttention (Dao 2023, arXiv:2307.08691).
"""

import importlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

import torch
import torch.nn.functional as F
from torch import Tensor

from worker.model.kernels.attention import Heads, decode_attention
from worker.model.kernels.norm import rms_norm
from worker.model.kernels.rope import Rope, rotate

PrefillAttention = Callable[[Tensor, Tensor, Tensor], Tensor]
"""Causal attention of q [batch, length, heads, dim] over k, v [batch, length, kv heads, dim] → [batch, length, heads, dim]."""


class DecodeAttention(Protocol):
    """One new position of each row: norm and RoPE of q and k, k and v appended to the slot, attention over all of the slot's
    positions so far. qkv [rows, (heads + 2 kv heads) * dim]; caches [slots, kv heads, positions, dim]; slots and positions
    [rows] int32 → [rows, heads * dim]."""

    def __call__(
        self, qkv: Tensor, k_cache: Tensor, v_cache: Tensor, slots: Tensor, positions: Tensor, q_norm: Tensor, k_norm: Tensor,
        rope: Rope, heads: Heads, n_splits: int = 1,
    ) -> Tensor:
        ...


@dataclass(frozen=True)
class Attention:
    """The choice for a network. Only the talker's frames go through `decode`: the code predictor's 16 positions are always
    served by the engine's kernel. The talker's keys and values are kept as `kept`, None: in the network's dtype; only the
    engine's kernel reads another (worker/model/kernels/kept.py)."""

    prefill: PrefillAttention
    decode: DecodeAttention
    kept: torch.dtype | None = None


def sdpa_prefill(q: Tensor, k: Tensor, v: Tensor) -> Tensor:
    """torch's own: FlashAttention inside torch for half precision on CUDA, plain products for float32."""
    attended = F.scaled_dot_product_attention(
        q.transpose(1, 2), k.transpose(1, 2), v.transpose(1, 2), is_causal=True, enable_gqa=True
    )  # [batch, heads, length, dim]
    return attended.transpose(1, 2)


def sdpa_decode(
    qkv: Tensor, k_cache: Tensor, v_cache: Tensor, slots: Tensor, positions: Tensor, q_norm: Tensor, k_norm: Tensor,
    rope: Rope, heads: Heads, n_splits: int = 1,  # noqa: ARG001
) -> Tensor:
    """torch's SDPA under a mask over the whole slot. It reads every position of the slot, spoken or not: for comparison."""
    q, k, v = _turned(qkv, positions, q_norm, k_norm, rope, heads)
    at, place = slots.long(), positions.long()
    k_cache[at, :, place] = k
    v_cache[at, :, place] = v
    spoken = torch.arange(k_cache.shape[2], device=qkv.device) <= place[:, None]  # [rows, positions]
    # What lies beyond may be a former occupant's NaN, and 0 * NaN is NaN: the mask alone would let it through.
    keys = torch.where(spoken[:, None, :, None], k_cache[at], 0)  # [rows, kv heads, positions, dim]
    values = torch.where(spoken[:, None, :, None], v_cache[at], 0)
    attended = F.scaled_dot_product_attention(
        q[:, :, None], keys, values, attn_mask=spoken[:, None, None], enable_gqa=True
    )  # [rows, heads, 1, dim]
    return attended.reshape(len(qkv), -1)


def flash_attention_prefill() -> PrefillAttention:
    """The package flash_attn; raises ImportError where it is missing or built for another torch."""
    flash_attn_func: Any = importlib.import_module("flash_attn").flash_attn_func

    def prefill(q: Tensor, k: Tensor, v: Tensor) -> Tensor:
        attended: Tensor = flash_attn_func(q, k, v, causal=True)  # [batch, length, heads, dim]
        return attended

    return prefill


def flash_attention_decode() -> DecodeAttention:
    """flash_attn_with_kvcache over the slots in place; norm and RoPE in torch before it. Raises ImportError."""
    flash_attn_with_kvcache: Any = importlib.import_module("flash_attn").flash_attn_with_kvcache

    def decode(
        qkv: Tensor, k_cache: Tensor, v_cache: Tensor, slots: Tensor, positions: Tensor, q_norm: Tensor, k_norm: Tensor,
        rope: Rope, heads: Heads, n_splits: int = 1,
    ) -> Tensor:
        q, k, v = _turned(qkv, positions, q_norm, k_norm, rope, heads)
        attended: Tensor = flash_attn_with_kvcache(
            q[:, None], k_cache.transpose(1, 2), v_cache.transpose(1, 2), k=k[:, None], v=v[:, None],
            cache_seqlens=positions, cache_batch_idx=slots, causal=True, num_splits=n_splits,
        )  # [rows, 1, heads, dim]
        return attended.reshape(len(qkv), -1)

    return decode


ENGINE = Attention(prefill=sdpa_prefill, decode=decode_attention)


def _turned(
    qkv: Tensor, positions: Tensor, q_norm: Tensor, k_norm: Tensor, rope: Rope, heads: Heads
) -> tuple[Tensor, Tensor, Tensor]:
    """q [rows, heads, dim] and k [rows, kv heads, dim], normed and rotated, and v as it is."""
    by_head = qkv.view(len(qkv), -1, heads.dim)  # [rows, heads + 2 kv heads, dim]
    q, k, v = torch.split(by_head, [heads.n_heads, heads.n_kv_heads, heads.n_kv_heads], dim=1)
    cos = rope.cos[positions.long()][:, None]  # [rows, 1, dim / 2]
    sin = rope.sin[positions.long()][:, None]
    q = rotate(rms_norm(q.contiguous(), q_norm, heads.eps), cos, sin)
    k = rotate(rms_norm(k.contiguous(), k_norm, heads.eps), cos, sin)
    return q, k, v
