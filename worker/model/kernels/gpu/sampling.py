# mypy: disable-error-code="import-not-found, import-untyped, no-untyped-def, no-untyped-call, untyped-decorator"
"""sampling.py on a GPU: one program a row, its logits in registers from the first step to the drawn code."""

import torch
import triton
import triton.language as tl
from torch import Tensor

from worker.model.kernels.gpu.chain import in_chain, let_next_start, wait_for_previous
from worker.model.kernels.sampling import PLACES, DrawShape

N_WARPS = 8

N_GROUPS = tl.constexpr(64)
"""The search for the k-th largest score begins at the least of as many groups' largest, where k is no more than that."""


def draw_talker_code(
    logits: Tensor,
    slots: Tensor,
    shape: DrawShape,
    *,
    penalty: Tensor,
    seen: Tensor,
    seed: Tensor,
    step: Tensor,
    min_frames: int,
    end_code: int,
    next_code: Tensor,
    broken: Tensor,
    n_special: int = 1024,
) -> None:
    """As worker.model.kernels.sampling.draw_talker_code."""
    n_rows, vocabulary = logits.shape
    _draw_talker_code[(n_rows,)](
        logits.contiguous(), slots, shape.temperature, shape.top_k, shape.top_p, seed, step, penalty, seen, next_code, broken,
        vocabulary, vocabulary - n_special, end_code, min_frames,
        PLACES=PLACES, BLOCK=_block_of(vocabulary), num_warps=N_WARPS, **in_chain(logits),
    )  # fmt: skip


def draw_predictor_code(
    logits: Tensor,
    slots: Tensor,
    shape: DrawShape,
    seed: Tensor,
    step: Tensor,
    place: int,
    out: Tensor,
    broken: Tensor,
    table: Tensor | None,
) -> Tensor | None:
    """As worker.model.kernels.sampling.draw_predictor_code."""
    n_rows, vocabulary = logits.shape
    hidden = 0 if table is None else table.shape[1]
    rows = None if table is None else torch.empty(n_rows, hidden, dtype=table.dtype, device=table.device)
    unused = logits  # a kernel's pointers can't be None; with no columns to copy they are never followed
    _draw_predictor_code[(n_rows,)](
        logits.contiguous(), slots, shape.temperature, shape.top_k, shape.top_p, seed, step, out, broken,
        unused if table is None else table, unused if rows is None else rows,
        vocabulary, out.stride(0), place, hidden,
        PLACES=PLACES, KEY_BITS=16 if logits.dtype == torch.bfloat16 else 32,
        BLOCK=_block_of(vocabulary), COLUMNS=1024, num_warps=N_WARPS, **in_chain(logits),
    )  # fmt: skip
    return rows


def _block_of(vocabulary: int) -> int:
    return int(max(N_GROUPS.value, triton.next_power_of_2(vocabulary)))


@triton.jit
def _draw_talker_code(
    logits_ptr, slots_ptr, temperature_ptr, top_k_ptr, top_p_ptr, seed_ptr, step_ptr, penalty_ptr, seen_ptr, next_code_ptr,
    broken_ptr, vocabulary, n_ordinary, end_code, min_frames, PLACES: tl.constexpr, BLOCK: tl.constexpr,
    PDL: tl.constexpr,
):  # fmt: skip
    """One program a row: penalty, suppression, draw; then the code is marked as seen."""
    let_next_start(PDL)
    row = tl.program_id(0).to(tl.int64)
    slot = tl.load(slots_ptr + row).to(tl.int64)
    temperature, top_k, top_p = tl.load(temperature_ptr + slot), tl.load(top_k_ptr + slot), tl.load(top_p_ptr + slot)
    seed, penalty = tl.load(seed_ptr + slot), tl.load(penalty_ptr + slot)
    wait_for_previous(PDL)
    step = tl.load(step_ptr + slot)
    code_id = tl.arange(0, BLOCK)
    inside = code_id < vocabulary
    logits = tl.load(logits_ptr + row * vocabulary + code_id, inside, float("-inf")).to(tl.float32)
    seen = tl.load(seen_ptr + slot * vocabulary + code_id, inside, 0) != 0
    scores = tl.where(seen, tl.where(logits < 0, logits * penalty, logits / penalty), logits)
    may_end = (code_id == end_code) & (step >= min_frames)
    ordinary = (code_id < n_ordinary) & (code_id != end_code)
    scores = tl.where(ordinary | may_end, scores, float("-inf"))
    bad = _is_bad(logits, scores)
    noise = _gumbel(seed, code_id, step * PLACES)
    code = _draw(tl.where(bad, 0.0, scores), noise, temperature, top_k, top_p, KEY_BITS=32)
    code = tl.where(bad, 0, code)
    tl.store(next_code_ptr + slot, code)
    tl.store(seen_ptr + slot * vocabulary + code, 1)
    tl.store(broken_ptr + slot, 1, bad)


@triton.jit(do_not_specialize=["place"])  # one compilation serves all fifteen
def _draw_predictor_code(
    logits_ptr, slots_ptr, temperature_ptr, top_k_ptr, top_p_ptr, seed_ptr, step_ptr, out_ptr, broken_ptr, table_ptr, rows_ptr,
    vocabulary, out_stride, place, hidden,
    PLACES: tl.constexpr, KEY_BITS: tl.constexpr, BLOCK: tl.constexpr, COLUMNS: tl.constexpr,
    PDL: tl.constexpr,
):  # fmt: skip
    """One program a row: draw; then the code's row of the table, `hidden` wide (0: no table), is copied to the output."""
    let_next_start(PDL)
    row = tl.program_id(0).to(tl.int64)
    slot = tl.load(slots_ptr + row).to(tl.int64)
    temperature, top_k, top_p = tl.load(temperature_ptr + slot), tl.load(top_k_ptr + slot), tl.load(top_p_ptr + slot)
    code_id = tl.arange(0, BLOCK)
    # Half of the work, and none of it waits: a frame's steps are counted when all its codes are drawn.
    noise = _gumbel(tl.load(seed_ptr + slot), code_id, tl.load(step_ptr + slot) * PLACES + place)
    wait_for_previous(PDL)
    logits = tl.load(logits_ptr + row * vocabulary + code_id, code_id < vocabulary, float("-inf")).to(tl.float32)
    bad = _is_bad(logits, logits)
    code = _draw(tl.where(bad, 0.0, logits), noise, temperature, top_k, top_p, KEY_BITS)
    code = tl.where(bad, 0, code)
    tl.store(out_ptr + row * out_stride, code)
    tl.store(broken_ptr + slot, 1, bad)
    for start in range(0, hidden, COLUMNS):
        column = start + tl.arange(0, COLUMNS)
        inside = column < hidden
        tl.store(rows_ptr + row * hidden + column, tl.load(table_ptr + code.to(tl.int64) * hidden + column, inside, 0.0), inside)


@triton.jit
def _is_bad(logits, scores):
    """NaN or +∞ among the logits, or nothing finite among the scores. Both are counted in one sum."""
    no_number = (logits != logits) | (logits == float("inf"))
    finite = tl.abs(scores) < float("inf")
    n = tl.sum(no_number.to(tl.int32) * 65536 + finite.to(tl.int32), 0)
    return (n >= 65536) | (n == 0)


@triton.jit
def _draw(scores, noise, temperature, top_k, top_p, KEY_BITS: tl.constexpr):
    """The drawn code of one row of scores. KEY_BITS 16: scores are bfloat16's, which half the bits tell apart."""
    if temperature > 0:
        if KEY_BITS == 32:  # equals after the division are equals; of bfloat16's it makes none
            scores = scores / temperature
        if top_k > 0:
            key = _ordered(scores) >> (32 - KEY_BITS)
            scores = tl.where(key >= _threshold_of_count(key, top_k), scores, float("-inf"))
        if KEY_BITS == 16:
            scores = scores / temperature
        if top_p < 1:
            scores = _top_p(scores, top_p)
        scores += noise
    return tl.argmax(scores, 0)


@triton.jit
def _ordered(scores):
    """Float32 as uint32 that compare alike: the sign bit is turned, and a negative's other bits with it. −0 is 0."""
    bits = tl.where(scores == 0, 0.0, scores).to(tl.uint32, bitcast=True)
    return tl.where(bits >= 0x80000000, ~bits, bits | 0x80000000)


@triton.jit
def _threshold_of_count(key, count):
    """The `count`-th largest key, or the least of fewer: the largest threshold that as many reach, by halving what is between
    bounds. As many keys as there are groups reach the least of the groups' largest: that leaves half the bits."""
    largest = tl.max(tl.reshape(key, [N_GROUPS, key.shape[0] // N_GROUPS]), 1)  # [groups]
    low = tl.where(count <= N_GROUPS, tl.min(largest, 0), tl.min(key, 0))
    high = tl.max(largest, 0)
    while low < high:
        middle = high - ((high - low) >> 1)
        enough = tl.sum((key >= middle).to(tl.int32), 0) >= count
        low = tl.where(enough, middle, low)
        high = tl.where(enough, high, middle - 1)
    return low


@triton.jit
def _threshold_of_mass(key, mass, target):
    """The largest threshold that keys of `target` mass together reach."""
    threshold = tl.zeros_like(tl.max(key, 0))
    for bit in tl.static_range(32):
        candidate = threshold | (1 << (31 - bit))
        threshold = tl.where(tl.sum(tl.where(key >= candidate, mass, 0.0), 0) >= target, candidate, threshold)
    return threshold


@triton.jit
def _top_p(scores, top_p):
    """Keeps the fewest of the likeliest whose probabilities together reach p, at least one; of equals at the edge the last."""
    key = _ordered(scores)
    mass = tl.exp(scores - tl.max(scores, 0))  # the likeliest has 1
    target = tl.maximum(top_p * tl.sum(mass, 0), 1e-20)
    edge = _threshold_of_mass(key, mass, target)
    above = tl.sum(tl.where(key > edge, mass, 0.0), 0)
    equal = (key == edge).to(tl.int32)
    n_after = tl.sum(equal, 0) - tl.cumsum(equal, 0)  # equals that come later
    is_needed = above + n_after.to(tl.float32) * mass < target
    return tl.where((key > edge) | ((key == edge) & is_needed), scores, float("-inf"))


@triton.jit
def _gumbel(seed, code_id, counter):
    """Noise of each code: Philox under the key `seed` at (code, counter, 0, 0), as uniforms in worker/model/kernels/philox.py."""
    nothing = code_id * 0
    word, _, _, _ = tl.philox(seed, code_id, nothing + counter, nothing, nothing)
    uniform = ((word >> 9).to(tl.float32) + 0.5) * 1.1920928955078125e-07  # 2⁻²³
    return -tl.log(-tl.log(uniform))
