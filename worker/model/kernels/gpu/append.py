# mypy: disable-error-code="import-not-found, import-untyped, no-untyped-def, no-untyped-call, untyped-decorator"
"""append.py on a GPU: one pass over qkv."""

import torch
import triton
import triton.language as tl
from torch import Tensor

from worker.model.kernels.attention import Heads
from worker.model.kernels.gpu.attention import _norm_and_turn
from worker.model.kernels.gpu.chain import in_chain, let_next_start, wait_for_previous
from worker.model.kernels.gpu.kept import as_kept
from worker.model.kernels.rope import Rope

BLOCK = 8
"""Positions of a program: with four warps each thread has four numbers of each half of a head."""


def append_prompts(
    qkv: Tensor, k_cache: Tensor, v_cache: Tensor, slots: Tensor, q_norm: Tensor, k_norm: Tensor, rope: Rope, heads: Heads
) -> tuple[Tensor, Tensor, Tensor]:
    """As worker.model.kernels.append.append_prompts."""
    n_prompts, length, _ = qkv.shape
    _append[(triton.cdiv(n_prompts * length, BLOCK), heads.n_heads + 2 * heads.n_kv_heads)](
        qkv, k_cache, v_cache, slots, q_norm, k_norm, rope.cos, rope.sin,
        n_prompts * length, length, k_cache.stride(0), k_cache.stride(1), heads.eps,
        N_HEADS=heads.n_heads, N_KV_HEADS=heads.n_kv_heads, DIM=heads.dim, BLOCK=BLOCK, num_warps=4,
        **in_chain(qkv),
    )  # fmt: skip
    by_head = qkv.view(n_prompts, length, -1, heads.dim)
    q, k, v = torch.split(by_head, [heads.n_heads, heads.n_kv_heads, heads.n_kv_heads], dim=2)
    return q, k, v


@triton.jit(do_not_specialize=["n_rows", "length"])  # one compilation serves every size of a prefill
def _append(
    qkv_ptr, k_ptr, v_ptr, slots_ptr, q_norm_ptr, k_norm_ptr, cos_ptr, sin_ptr,
    n_rows, length, slot_stride, head_stride, eps,
    N_HEADS: tl.constexpr, N_KV_HEADS: tl.constexpr, DIM: tl.constexpr, BLOCK: tl.constexpr, PDL: tl.constexpr,
):  # fmt: skip
    """One program a head of q, k or v and BLOCK rows, a row being a prompt's position. A query is turned where it lies, a key
    there and in its slot, a value is copied to its slot."""
    let_next_start(PDL)
    HALF: tl.constexpr = DIM // 2
    row = tl.program_id(0) * BLOCK + tl.arange(0, BLOCK)
    head = tl.program_id(1)
    half = tl.arange(0, HALF)[None, :]
    inside = (row < n_rows)[:, None]
    prompt, position = row // length, row % length
    new_ptr = qkv_ptr + (row.to(tl.int64)[:, None] * (N_HEADS + 2 * N_KV_HEADS) + head) * DIM + half
    wait_for_previous(PDL)
    first, second = tl.load(new_ptr, inside, 0.0), tl.load(new_ptr + HALF, inside, 0.0)
    if head < N_HEADS + N_KV_HEADS:
        cos = tl.load(cos_ptr + position[:, None] * HALF + half, inside, 0.0).to(tl.float32)
        sin = tl.load(sin_ptr + position[:, None] * HALF + half, inside, 0.0).to(tl.float32)
        norm_ptr = q_norm_ptr if head < N_HEADS else k_norm_ptr
        first, second = _norm_and_turn(first, second, norm_ptr, cos, sin, eps, HALF, qkv_ptr.dtype.element_ty)
        tl.store(new_ptr, first, inside)
        tl.store(new_ptr + HALF, second, inside)
    if head >= N_HEADS:
        is_key = head < N_HEADS + N_KV_HEADS
        kv_head = tl.where(is_key, head - N_HEADS, head - N_HEADS - N_KV_HEADS)
        slot = tl.load(slots_ptr + prompt, row < n_rows, 0).to(tl.int64)
        cache_ptr = k_ptr if is_key else v_ptr
        place_ptr = cache_ptr + (slot * slot_stride + kv_head * head_stride + position * DIM)[:, None] + half
        kept = cache_ptr.dtype.element_ty
        tl.store(place_ptr, as_kept(first, kept), inside)
        tl.store(place_ptr + HALF, as_kept(second, kept), inside)
