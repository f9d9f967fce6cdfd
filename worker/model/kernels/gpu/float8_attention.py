# mypy: disable-error-code="import-not-found, import-untyped, no-untyped-def, no-untyped-call, untyped-decorator"
"""attention.py over a cache in float8, on a GPU. Tensor cores take no float8 beside half precision, and to make half precision of
it in the order that they want costs more than the halved bytes save (H200, 512 rows: 129 µs a layer against 110 in bf16). So here
is no product of matrices: a lane, a few threads of a warp, holds a position's whole key and value in registers."""

import torch
import triton
import triton.language as tl
from torch import Tensor

from worker.model.kernels.attention import Heads
from worker.model.kernels.gpu.attention import _norm_and_turn, combine, leave, room_for_parts, turned_queries
from worker.model.kernels.gpu.chain import in_chain, let_next_start, wait_for_previous
from worker.model.kernels.gpu.device_limits import limits_of
from worker.model.kernels.gpu.kept import as_kept
from worker.model.kernels.rope import Rope

BYTES_OF_A_WARP = 512
"""A thread loads 16 bytes at once."""
WARPS_OF_A_CORE = 16
"""So many keep a core busy. A program has four warps at most, and no more than this asks for. H200, 190 positions, µs a layer
with one / two / four: 31 / 26 / 32 at 128 rows, 40 / 45 / 57 at 256, 69 / 81 / 108 at 512."""


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
    n_warps = _n_warps(n_rows * heads.n_kv_heads * n_splits, qkv.device)
    _attend[(n_rows, heads.n_kv_heads, n_splits)](
        qkv.contiguous(), k_cache, v_cache, slots, positions, q_norm, k_norm, rope.cos, rope.sin, out, parts, weights,
        k_cache.stride(0), k_cache.stride(1), heads.eps, heads.dim**-0.5,
        N_HEADS=heads.n_heads, N_KV_HEADS=heads.n_kv_heads, DIM=heads.dim,
        QUERIES=triton.next_power_of_2(heads.n_heads // heads.n_kv_heads),
        LANES=max(1, n_warps * BYTES_OF_A_WARP // heads.dim), N_SPLITS=n_splits,
        num_warps=n_warps, **in_chain(qkv),
    )  # fmt: skip
    combine(parts, weights, out, heads, n_splits)
    return out


def _n_warps(n_programs: int, device: torch.device) -> int:
    wanted = WARPS_OF_A_CORE * limits_of(device).n_cores // n_programs
    return 4 if wanted >= 4 else 2 if wanted >= 2 else 1


@triton.jit
def _attend(
    qkv_ptr, k_ptr, v_ptr, slots_ptr, positions_ptr, q_norm_ptr, k_norm_ptr, cos_ptr, sin_ptr, out_ptr, parts_ptr, weights_ptr,
    slot_stride, head_stride, eps, scale,
    N_HEADS: tl.constexpr, N_KV_HEADS: tl.constexpr, DIM: tl.constexpr,
    QUERIES: tl.constexpr, LANES: tl.constexpr, N_SPLITS: tl.constexpr, PDL: tl.constexpr,
):  # fmt: skip
    """One program a row, a key/value head and a split, as in attention.py, whose softmax, new position and parts these are. Each
    lane has a softmax of its own over every LANES-th position, two of them at a time; they meet when all positions are read."""
    let_next_start(PDL)
    dtype = qkv_ptr.dtype.element_ty
    kept = k_ptr.dtype.element_ty
    GROUP: tl.constexpr = N_HEADS // N_KV_HEADS
    HALF: tl.constexpr = DIM // 2
    LOWEST: tl.constexpr = -3e38  # finite: a lane without positions is exp(0) times nothing, not exp(∞ − ∞)
    row, kv_head, split = tl.program_id(0), tl.program_id(1), tl.program_id(2)
    slot = tl.load(slots_ptr + row).to(tl.int64)  # no kernel of a frame writes them
    wait_for_previous(PDL)
    n_past = tl.load(positions_ptr + row)
    half, whole, query, lane = tl.arange(0, HALF), tl.arange(0, DIM), tl.arange(0, QUERIES), tl.arange(0, LANES)
    cos = tl.load(cos_ptr + n_past * HALF + half).to(tl.float32)[None, :]
    sin = tl.load(sin_ptr + n_past * HALF + half).to(tl.float32)[None, :]
    row_ptr = qkv_ptr + row.to(tl.int64) * (N_HEADS + 2 * N_KV_HEADS) * DIM
    q1, q2 = turned_queries(row_ptr, kv_head * GROUP, q_norm_ptr, cos, sin, eps, GROUP, QUERIES, DIM, dtype)
    q = _joined(q1, q2, QUERIES, DIM).to(tl.float32)  # [queries, dim]
    q_of_lane = (q * scale)[:, None, :]  # [queries, 1, dim]
    keys_ptr = k_ptr + slot * slot_stride + kv_head * head_stride
    values_ptr = v_ptr + slot * slot_stride + kv_head * head_stride
    top = tl.full([QUERIES, LANES], LOWEST, tl.float32)
    mass = tl.zeros([QUERIES, LANES], tl.float32)
    total = tl.zeros([QUERIES, LANES, DIM], tl.float32)
    share = tl.cdiv(tl.cdiv(n_past, N_SPLITS), 2 * LANES) * 2 * LANES
    first = split * share
    end = tl.minimum(first + share, n_past)
    for start in tl.range(first, end, 2 * LANES, num_stages=4):
        # Masked on load: beyond `end` may be the NaN of a former occupant, which no weight of zero removes.
        is_past, is_past_too = start + lane < end, start + LANES + lane < end
        at = (start + lane)[None, :, None] * DIM + whole[None, None, :]  # [1, lanes, dim]
        k = tl.load(keys_ptr + at, is_past[None, :, None], 0.0)
        k_too = tl.load(keys_ptr + at + LANES * DIM, is_past_too[None, :, None], 0.0)
        v = tl.load(values_ptr + at, is_past[None, :, None], 0.0)
        v_too = tl.load(values_ptr + at + LANES * DIM, is_past_too[None, :, None], 0.0)
        score = tl.where(is_past[None, :], tl.sum(q_of_lane * k.to(tl.float32), 2), float("-inf"))  # [queries, lanes]
        score_too = tl.where(is_past_too[None, :], tl.sum(q_of_lane * k_too.to(tl.float32), 2), float("-inf"))
        new_top = tl.maximum(top, tl.maximum(score, score_too))
        weight, weight_too, shrink = tl.exp(score - new_top), tl.exp(score_too - new_top), tl.exp(top - new_top)
        total = total * shrink[:, :, None] + weight[:, :, None] * v.to(tl.float32) + weight_too[:, :, None] * v_too.to(tl.float32)
        mass = mass * shrink + weight + weight_too
        top = new_top
    top_of_all = tl.max(top, 1)
    shrink_of_lane = tl.exp(top - top_of_all[:, None])
    top, mass = top_of_all, tl.sum(mass * shrink_of_lane, 1)  # [queries]
    total = tl.sum(total * shrink_of_lane[:, :, None], 1)  # [queries, dim]
    if split == N_SPLITS - 1:
        same_row = query[:, None] * 0  # k as QUERIES equal rows: the function that turns q then serves it too
        key_ptr = row_ptr + (N_HEADS + kv_head) * DIM + half[None, :] + same_row
        k1, k2 = _norm_and_turn(tl.load(key_ptr), tl.load(key_ptr + HALF), k_norm_ptr, cos, sin, eps, HALF, dtype)
        k = as_kept(_joined(k1, k2, QUERIES, DIM), kept)
        v = as_kept(tl.load(row_ptr + (N_HEADS + N_KV_HEADS + kv_head) * DIM + whole), kept)
        tl.store(keys_ptr + n_past * DIM + whole[None, :] + same_row, k, (query == 0)[:, None])
        tl.store(values_ptr + n_past * DIM + whole, v)
        score_of_new = tl.sum(q * k.to(tl.float32), 1) * scale
        with_new = tl.maximum(top, score_of_new)
        weight_of_new, shrink_of_past = tl.exp(score_of_new - with_new), tl.exp(top - with_new)
        total = total * shrink_of_past[:, None] + weight_of_new[:, None] * v.to(tl.float32)[None, :]
        mass = mass * shrink_of_past + weight_of_new
        top = with_new
    first_head = row * N_HEADS + kv_head * GROUP
    leave(out_ptr, parts_ptr, weights_ptr, first_head, split, total, top, mass, GROUP, QUERIES, DIM, N_SPLITS)


@triton.jit
def _joined(first, second, ROWS: tl.constexpr, DIM: tl.constexpr):
    """Two halves [rows, dim / 2] side by side: [rows, dim]."""
    return tl.reshape(tl.permute(tl.join(first, second), (0, 2, 1)), (ROWS, DIM))
