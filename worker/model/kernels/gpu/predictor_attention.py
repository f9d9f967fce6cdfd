# mypy: disable-error-code="assignment, import-not-found, import-untyped, no-untyped-def, no-untyped-call, untyped-decorator"
"""predictor_attention.py on a GPU: 80 launches a frame, each over so little that latency is all its cost. A warp holds the keys
and values of two heads in registers, a thread 8 columns of every position: no products of matrices, no shared memory, no
barrier. The place is known when the launch is recorded, so nothing that is loaded tells what to load next."""

import triton
import triton.language as tl
from torch import Tensor

from worker.model.kernels.attention import Heads
from worker.model.kernels.gpu.chain import in_chain, let_next_start, wait_for_previous
from worker.model.kernels.rope import Rope

BYTES_OF_A_WARP = 512
"""A thread loads 16 bytes at once: of 128 columns of half precision, two heads fill a warp."""
FEWEST_POSITIONS = 4
"""Positions are padded to 4, 8 or 16: each is compiled for itself."""


def predictor_attention(
    qkv: Tensor, keys: Tensor, values: Tensor, places: range, q_norm: Tensor, k_norm: Tensor, rope: Rope, heads: Heads
) -> Tensor:
    """As worker.model.kernels.predictor_attention.predictor_attention; `qkv` is dense."""
    n_rows = len(qkv) // len(places)
    opens = len(places) == 2
    out = qkv.new_empty(len(qkv), heads.n_heads * heads.dim)
    n_positions = 1 if opens else max(FEWEST_POSITIONS, triton.next_power_of_2(places[0]))
    n_warps = 4 if n_positions > 8 else 1  # measured on an H200 at 1 to 512 rows
    n_heads_of_a_warp = max(1, BYTES_OF_A_WARP // (heads.dim * qkv.element_size()))
    n_heads_of_a_program = min(n_heads_of_a_warp * n_warps, triton.next_power_of_2(heads.n_kv_heads))
    _attend[(n_rows, triton.cdiv(heads.n_kv_heads, n_heads_of_a_program))](
        qkv, keys, values, q_norm, k_norm, rope.cos, rope.sin, out,
        n_rows, places[-1], keys.stride(0), keys.stride(1), heads.eps, heads.dim**-0.5,
        N_HEADS=heads.n_heads, N_KV_HEADS=heads.n_kv_heads, DIM=heads.dim, HEADS=n_heads_of_a_program,
        POSITIONS=n_positions, OPENS=opens,
        num_warps=n_warps, **in_chain(qkv),
    )  # fmt: skip
    return out


@triton.jit(do_not_specialize=["n_rows", "place"])
def _attend(
    qkv_ptr, keys_ptr, values_ptr, q_norm_ptr, k_norm_ptr, cos_ptr, sin_ptr, out_ptr,
    n_rows, place, slot_stride, head_stride, eps, scale,
    N_HEADS: tl.constexpr, N_KV_HEADS: tl.constexpr, DIM: tl.constexpr, HEADS: tl.constexpr,
    POSITIONS: tl.constexpr, OPENS: tl.constexpr, PDL: tl.constexpr,
):  # fmt: skip
    """One program for HEADS key/value heads of a row, each with its whole group of queries, at `place` over the POSITIONS or
    fewer before it. Where it OPENS, place 0 is as new as place 1: it attends to itself alone, and is all that 1 looks back on."""
    let_next_start(PDL)
    dtype = qkv_ptr.dtype.element_ty
    GROUP: tl.constexpr = N_HEADS // N_KV_HEADS
    WIDTH: tl.constexpr = (N_HEADS + 2 * N_KV_HEADS) * DIM
    row = tl.program_id(0).to(tl.int64)
    head = tl.program_id(1) * HEADS + tl.arange(0, HEADS)
    is_head = (head < N_KV_HEADS)[:, None]
    column = tl.arange(0, DIM)
    in_head = head[:, None] * DIM + column[None, :]  # [heads, dim]
    q_weight, q_weight_across = _norm(q_norm_ptr, HEADS, DIM)
    k_weight, k_weight_across = _norm(k_norm_ptr, HEADS, DIM)
    cos, sin = _turn(cos_ptr, sin_ptr, place, HEADS, DIM)
    row_ptr = qkv_ptr + row * WIDTH
    out_ptr += row * N_HEADS * DIM
    new_ptr = row * slot_stride + head[:, None] * head_stride + place * DIM + column[None, :]  # [heads, dim]
    position = tl.arange(0, POSITIONS)[None, :]
    wait_for_previous(PDL)
    if OPENS:
        cos_0, sin_0 = _turn(cos_ptr, sin_ptr, 0, HEADS, DIM)
        first_k = _norm_and_turn(
            row_ptr + N_HEADS * DIM, head, is_head, k_weight, k_weight_across, cos_0, sin_0, eps, DIM, dtype
        )  # [heads, dim]
        first_v = tl.load(row_ptr + (N_HEADS + N_KV_HEADS) * DIM + in_head, is_head, 0.0)
        _store_first(keys_ptr + new_ptr - DIM, values_ptr + new_ptr - DIM, out_ptr, first_k, first_v, head, is_head, GROUP, DIM)
        k, v = first_k[:, None, :], first_v[:, None, :]
        row_ptr += n_rows.to(tl.int64) * WIDTH
        out_ptr += n_rows.to(tl.int64) * N_HEADS * DIM
    else:
        past = row * slot_stride + head[:, None, None] * head_stride + position[:, :, None] * DIM + column[None, None, :]
        is_there = (is_head & (position < place))[:, :, None]
        # Masked on load: there may be NaN at places not written yet, which no weight of zero removes.
        k = tl.load(keys_ptr + past, is_there, 0.0)  # [heads, positions, dim]
        v = tl.load(values_ptr + past, is_there, 0.0)
    new_k = _norm_and_turn(
        row_ptr + N_HEADS * DIM, head, is_head, k_weight, k_weight_across, cos, sin, eps, DIM, dtype
    )  # [heads, dim]
    new_v = tl.load(row_ptr + (N_HEADS + N_KV_HEADS) * DIM + in_head, is_head, 0.0)
    weights, new_weights = (), ()  # all queries' weights first, then all their sums: of keys and values, one at a time is float32
    for query in tl.static_range(GROUP):
        q_head = head * GROUP + query
        q = _norm_and_turn(row_ptr, q_head, is_head, q_weight, q_weight_across, cos, sin, eps, DIM, dtype).to(tl.float32)
        score = tl.sum(q[:, None, :] * k.to(tl.float32), 2) * scale  # [heads, positions]
        score = tl.where(position < place, score, float("-inf"))
        new_score = tl.sum(q * new_k.to(tl.float32), 1) * scale  # [heads]
        top = tl.maximum(tl.max(score, 1), new_score)
        weight, new_weight = tl.exp(score - top[:, None]), tl.exp(new_score - top)
        whole = 1 / (tl.sum(weight, 1) + new_weight)
        weights += ((weight * whole[:, None]).to(dtype).to(tl.float32),)
        new_weights += ((new_weight * whole).to(dtype).to(tl.float32),)
    for query in tl.static_range(GROUP):
        attended = tl.sum(weights[query][:, :, None] * v.to(tl.float32), 1) + new_weights[query][:, None] * new_v.to(tl.float32)
        tl.store(out_ptr + (head * GROUP + query)[:, None] * DIM + column[None, :], attended, is_head)
    tl.store(keys_ptr + new_ptr, new_k, is_head)
    tl.store(values_ptr + new_ptr, new_v, is_head)


@triton.jit
def _store_first(key_ptr, value_ptr, out_ptr, k, v, head, is_head, GROUP: tl.constexpr, DIM: tl.constexpr):
    """A frame's first place: its key, its value, and what each query of a group sees, which is the value and nothing else."""
    tl.store(key_ptr, k, is_head)
    tl.store(value_ptr, v, is_head)
    for query in tl.static_range(GROUP):
        tl.store(out_ptr + (head * GROUP + query)[:, None] * DIM + tl.arange(0, DIM)[None, :], v, is_head)


@triton.jit
def _norm(weight_ptr, HEADS: tl.constexpr, DIM: tl.constexpr):
    """A norm's weight as it stands and across, [heads, dim]: every head's is the same, where its thread needs it."""
    same = tl.zeros([HEADS, 1], tl.int32)
    weight = tl.load(weight_ptr + same + tl.arange(0, DIM)[None, :])
    return weight.to(tl.float32), tl.load(weight_ptr + same + _across(DIM)[None, :]).to(tl.float32)


@triton.jit
def _turn(cos_ptr, sin_ptr, place, HEADS: tl.constexpr, DIM: tl.constexpr):
    """RoPE's cosines of `place`, and its sines with the sign that the column across is added with, [heads, dim]."""
    column = tl.arange(0, DIM)
    at = place * (DIM // 2) + tl.zeros([HEADS, 1], tl.int32) + tl.max_contiguous(column % (DIM // 2), 8)[None, :]
    sin = tl.load(sin_ptr + at).to(tl.float32)
    return tl.load(cos_ptr + at).to(tl.float32), tl.where((column < DIM // 2)[None, :], -sin, sin)


@triton.jit
def _across(DIM: tl.constexpr):
    """Columns with their halves exchanged: RoPE turns a column together with the one across."""
    return tl.max_contiguous((tl.arange(0, DIM) + DIM // 2) % DIM, 8)


@triton.jit
def _norm_and_turn(
    heads_ptr, head, is_head, weight, weight_across, cos, sin, eps, DIM: tl.constexpr, dtype: tl.constexpr
):
    """RMSNorm and RoPE of heads [heads, dim], rounded where the model rounds. They are loaded twice, as they stand and across,
    so that RoPE needs no exchange between threads."""
    there = heads_ptr + head[:, None] * DIM
    x = tl.load(there + tl.arange(0, DIM)[None, :], is_head, 0.0).to(tl.float32)
    across = tl.load(there + _across(DIM)[None, :], is_head, 0.0).to(tl.float32)
    shrink = tl.rsqrt(tl.sum(x * x, 1) / DIM + eps)[:, None]
    x = ((x * shrink).to(dtype).to(tl.float32) * weight).to(dtype).to(tl.float32)
    across = ((across * shrink).to(dtype).to(tl.float32) * weight_across).to(dtype).to(tl.float32)
    return ((x * cos).to(dtype).to(tl.float32) + (across * sin).to(dtype).to(tl.float32)).to(dtype)
