# mypy: disable-error-code="import-not-found, import-untyped, no-untyped-def, no-untyped-call, untyped-decorator"
"""attention.py on a GPU: flash-decoding (Dao et al. 2023) with norm, RoPE and the append to the cache in the same kernel."""

import torch
import triton
import triton.language as tl
from torch import Tensor

from worker.model.kernels.attention import Heads
from worker.model.kernels.gpu.chain import in_chain, let_next_start, wait_for_previous
from worker.model.kernels.rope import Rope

SMALLEST_DOT = 16
"""tl.dot takes no fewer rows; a group of queries is padded to it."""
BLOCK = 64
"""Positions that a program reads at a time."""


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
    """As worker.model.kernels.attention.decode_attention."""
    n_rows = len(qkv)
    out = torch.empty(n_rows, heads.n_heads * heads.dim, dtype=qkv.dtype, device=qkv.device)
    parts, weights = room_for_parts(out, heads, n_splits)
    group = heads.n_heads // heads.n_kv_heads
    n_stages = 3 if qkv.element_size() == 2 else 2  # more float32 does not fit into the shared memory of small GPUs
    _attend[(n_rows, heads.n_kv_heads, n_splits)](
        qkv.contiguous(), k_cache, v_cache, slots, positions, q_norm, k_norm, rope.cos, rope.sin, out, parts, weights,
        k_cache.stride(0), k_cache.stride(1), heads.eps, heads.dim**-0.5,
        N_HEADS=heads.n_heads, N_KV_HEADS=heads.n_kv_heads, DIM=heads.dim,
        QUERIES=max(SMALLEST_DOT, triton.next_power_of_2(group)), BLOCK=BLOCK, N_SPLITS=n_splits,
        num_warps=4, num_stages=n_stages, **in_chain(qkv),
    )  # fmt: skip
    combine(parts, weights, out, heads, n_splits)
    return out


def room_for_parts(out: Tensor, heads: Heads, n_splits: int) -> tuple[Tensor, Tensor]:
    """Where the splits leave their totals [rows, n_heads, n_splits, dim] float32, and beside them their tops and masses. With one
    split neither is ever written."""
    if n_splits == 1:
        return out, out
    parts = torch.empty(len(out), heads.n_heads, n_splits, heads.dim, dtype=torch.float32, device=out.device)
    return parts, torch.empty(len(out), heads.n_heads, n_splits, 2, dtype=torch.float32, device=out.device)


def combine(parts: Tensor, weights: Tensor, out: Tensor, heads: Heads, n_splits: int) -> None:
    """What the splits left, as one attention [rows, n_heads · dim] in `out`; one split has written it there itself."""
    if n_splits > 1:
        _combine[(len(out) * heads.n_heads,)](
            parts, weights, out, DIM=heads.dim, N_SPLITS=n_splits, num_warps=4, **in_chain(out)
        )


@triton.jit
def _attend(
    qkv_ptr, k_ptr, v_ptr, slots_ptr, positions_ptr, q_norm_ptr, k_norm_ptr, cos_ptr, sin_ptr, out_ptr, parts_ptr, weights_ptr,
    slot_stride, head_stride, eps, scale,
    N_HEADS: tl.constexpr, N_KV_HEADS: tl.constexpr, DIM: tl.constexpr,
    QUERIES: tl.constexpr, BLOCK: tl.constexpr, N_SPLITS: tl.constexpr, PDL: tl.constexpr,
):  # fmt: skip
    """One program a row, a key/value head and a split: the head's whole group of queries over the split's part of the slot.

    Softmax runs online (Milakov and Gimelshein 2018, arXiv:1805.02867): `top` is the largest score so far, `mass` the sum of
    exp(score − top), `total` the sum of the values so weighted. q and k are held as two halves of DIM, so that RoPE is
    arithmetic within a thread. The last split also makes the new position: it appends its k and v, and attends to it from
    registers, so nobody waits for the write. With several splits each leaves `total`, `top` and `mass` to _combine.
    """
    let_next_start(PDL)
    dtype = qkv_ptr.dtype.element_ty
    GROUP: tl.constexpr = N_HEADS // N_KV_HEADS
    HALF: tl.constexpr = DIM // 2
    row, kv_head, split = tl.program_id(0), tl.program_id(1), tl.program_id(2)
    slot = tl.load(slots_ptr + row).to(tl.int64)  # no kernel of a frame writes them
    wait_for_previous(PDL)
    n_past = tl.load(positions_ptr + row)
    half, whole, query = tl.arange(0, HALF), tl.arange(0, DIM), tl.arange(0, QUERIES)
    cos = tl.load(cos_ptr + n_past * HALF + half).to(tl.float32)[None, :]
    sin = tl.load(sin_ptr + n_past * HALF + half).to(tl.float32)[None, :]
    row_ptr = qkv_ptr + row.to(tl.int64) * (N_HEADS + 2 * N_KV_HEADS) * DIM
    q1, q2 = turned_queries(row_ptr, kv_head * GROUP, q_norm_ptr, cos, sin, eps, GROUP, QUERIES, DIM, dtype)
    keys_ptr = k_ptr + slot * slot_stride + kv_head * head_stride
    values_ptr = v_ptr + slot * slot_stride + kv_head * head_stride
    top = tl.full([QUERIES], float("-inf"), tl.float32)
    mass = tl.zeros([QUERIES], tl.float32)
    total = tl.zeros([QUERIES, DIM], tl.float32)
    share = tl.cdiv(tl.cdiv(n_past, N_SPLITS), BLOCK) * BLOCK
    first = split * share
    end = tl.minimum(first + share, n_past)
    for start in range(first, end, BLOCK):
        position = start + tl.arange(0, BLOCK)
        is_past = position < end
        key_ptr = keys_ptr + position[:, None] * DIM + half[None, :]
        k1, k2 = tl.load(key_ptr, is_past[:, None], 0.0), tl.load(key_ptr + HALF, is_past[:, None], 0.0)
        score = tl.dot(q1, tl.trans(k1), input_precision="ieee") + tl.dot(q2, tl.trans(k2), input_precision="ieee")
        score = tl.where(is_past[None, :], score * scale, float("-inf"))
        new_top = tl.maximum(top, tl.max(score, 1))
        weight = tl.exp(score - new_top[:, None])
        shrink = tl.exp(top - new_top)
        # Masked on load: beyond `end` may be the NaN of a former occupant, which no weight of zero removes.
        v = tl.load(values_ptr + position[:, None] * DIM + whole[None, :], is_past[:, None], 0.0)
        total = total * shrink[:, None] + tl.dot(weight.to(dtype), v, input_precision="ieee")
        mass = mass * shrink + tl.sum(weight, 1)
        top = new_top
    if split == N_SPLITS - 1:
        same_row = query[:, None] * 0  # k as QUERIES equal rows: the function that turns q then serves it too
        key_ptr = row_ptr + (N_HEADS + kv_head) * DIM + half[None, :] + same_row
        k1, k2 = _norm_and_turn(tl.load(key_ptr), tl.load(key_ptr + HALF), k_norm_ptr, cos, sin, eps, HALF, dtype)
        v = tl.load(row_ptr + (N_HEADS + N_KV_HEADS + kv_head) * DIM + whole)
        new_ptr = keys_ptr + n_past * DIM + half[None, :] + same_row
        tl.store(new_ptr, k1, (query == 0)[:, None])
        tl.store(new_ptr + HALF, k2, (query == 0)[:, None])
        tl.store(values_ptr + n_past * DIM + whole, v)
        score = tl.sum(q1.to(tl.float32) * k1.to(tl.float32), 1) + tl.sum(q2.to(tl.float32) * k2.to(tl.float32), 1)
        new_top = tl.maximum(top, score * scale)
        weight = tl.exp(score * scale - new_top)
        shrink = tl.exp(top - new_top)
        total = total * shrink[:, None] + weight.to(dtype).to(tl.float32)[:, None] * v.to(tl.float32)[None, :]
        mass = mass * shrink + weight
        top = new_top
    first_head = row * N_HEADS + kv_head * GROUP
    leave(out_ptr, parts_ptr, weights_ptr, first_head, split, total, top, mass, GROUP, QUERIES, DIM, N_SPLITS)


@triton.jit
def turned_queries(
    row_ptr, first_head, q_norm_ptr, cos, sin, eps,
    GROUP: tl.constexpr, QUERIES: tl.constexpr, DIM: tl.constexpr, dtype: tl.constexpr,
):  # fmt: skip
    """GROUP queries of a row, normed and turned, as two halves [queries, dim / 2]; the rest are zeros."""
    HALF: tl.constexpr = DIM // 2
    query = tl.arange(0, QUERIES)
    half_ptr = row_ptr + (first_head + query)[:, None] * DIM + tl.arange(0, HALF)[None, :]
    is_query = (query < GROUP)[:, None]
    first, second = tl.load(half_ptr, is_query, 0.0), tl.load(half_ptr + HALF, is_query, 0.0)
    return _norm_and_turn(first, second, q_norm_ptr, cos, sin, eps, HALF, dtype)


@triton.jit
def leave(
    out_ptr, parts_ptr, weights_ptr, first_head, split, total, top, mass,
    GROUP: tl.constexpr, QUERIES: tl.constexpr, DIM: tl.constexpr, N_SPLITS: tl.constexpr,
):  # fmt: skip
    """What a group's heads attended to [queries, dim], or this split's part of it for _combine."""
    query, column = tl.arange(0, QUERIES), tl.arange(0, DIM)
    is_query = query < GROUP
    head = first_head + query
    if N_SPLITS == 1:
        tl.store(out_ptr + head[:, None] * DIM + column[None, :], total / mass[:, None], is_query[:, None])
    else:
        part = head * N_SPLITS + split
        tl.store(parts_ptr + part[:, None] * DIM + column[None, :], total, is_query[:, None])
        tl.store(weights_ptr + part * 2, top, is_query)
        tl.store(weights_ptr + part * 2 + 1, mass, is_query)


@triton.jit
def _norm_and_turn(first, second, norm_ptr, cos, sin, eps, HALF: tl.constexpr, dtype: tl.constexpr):
    """RMSNorm and RoPE of rows given as two halves [n, HALF], rounded where the model rounds."""
    half = tl.arange(0, HALF)
    first, second = first.to(tl.float32), second.to(tl.float32)
    shrink = tl.rsqrt((tl.sum(first * first, 1) + tl.sum(second * second, 1)) / (2 * HALF) + eps)[:, None]
    weight1 = tl.load(norm_ptr + half).to(tl.float32)[None, :]
    weight2 = tl.load(norm_ptr + HALF + half).to(tl.float32)[None, :]
    first = ((first * shrink).to(dtype).to(tl.float32) * weight1).to(dtype).to(tl.float32)
    second = ((second * shrink).to(dtype).to(tl.float32) * weight2).to(dtype).to(tl.float32)
    turned1 = (first * cos).to(dtype).to(tl.float32) - (second * sin).to(dtype).to(tl.float32)
    turned2 = (second * cos).to(dtype).to(tl.float32) + (first * sin).to(dtype).to(tl.float32)
    return turned1.to(dtype), turned2.to(dtype)


@triton.jit
def _combine(parts_ptr, weights_ptr, out_ptr, DIM: tl.constexpr, N_SPLITS: tl.constexpr, PDL: tl.constexpr):
    """One program a row and head: the splits' totals, each scaled from its own `top` to the largest. A split without positions
    has a top of −∞ and so no weight; the last always holds the new position."""
    let_next_start(PDL)
    wait_for_previous(PDL)
    head = tl.program_id(0)
    part = head * N_SPLITS + tl.arange(0, N_SPLITS)
    column = tl.arange(0, DIM)
    top = tl.load(weights_ptr + part * 2)
    mass = tl.load(weights_ptr + part * 2 + 1)
    scale = tl.exp(top - tl.max(top, 0))
    total = tl.load(parts_ptr + part[:, None] * DIM + column[None, :])
    tl.store(out_ptr + head * DIM + column, tl.sum(total * scale[:, None], 0) / tl.sum(mass * scale, 0))
