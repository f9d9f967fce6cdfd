# mypy: disable-error-code="import-not-found, import-untyped, no-untyped-def, no-untyped-call, untyped-decorator"
"""sampling.py on a GPU: one program a row, its logits in registers from the first step to the drawn code."""

import torch
import triton
import triton.language as tl
from torch import Tensor

from worker.model.kernels.sampling import PLACES, DrawShape

N_WARPS = 8


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
        PLACES=PLACES, BLOCK=triton.next_power_of_2(vocabulary), num_warps=N_WARPS,
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
        BLOCK=triton.next_power_of_2(vocabulary), COLUMNS=1024, num_warps=N_WARPS,
    )  # fmt: skip
    return rows


@triton.jit
def _draw_talker_code(
    logits_ptr, slots_ptr, temperature_ptr, top_k_ptr, top_p_ptr, seed_ptr, step_ptr, penalty_ptr, seen_ptr, next_code_ptr,
    broken_ptr, vocabulary, n_ordinary, end_code, min_frames, PLACES: tl.constexpr, BLOCK: tl.constexpr,
):  # fmt: skip
    """One program a row: penalty, suppression, draw; then the code is marked as seen."""
    row = tl.program_id(0).to(tl.int64)
    slot = tl.load(slots_ptr + row).to(tl.int64)
    step = tl.load(step_ptr + slot)
    code_id = tl.arange(0, BLOCK)
    inside = code_id < vocabulary
    logits = tl.load(logits_ptr + row * vocabulary + code_id, inside, float("-inf")).to(tl.float32)
    penalty = tl.load(penalty_ptr + slot)
    seen = tl.load(seen_ptr + slot * vocabulary + code_id, inside, 0) != 0
    scores = tl.where(seen, tl.where(logits < 0, logits * penalty, logits / penalty), logits)
    may_end = (code_id == end_code) & (step >= min_frames)
    ordinary = (code_id < n_ordinary) & (code_id != end_code)
    scores = tl.where(ordinary | may_end, scores, float("-inf"))
    bad = _holds_no_numbers(logits) | _has_nothing_finite(scores)
    code = _draw(
        tl.where(bad, 0.0, scores), code_id,
        tl.load(temperature_ptr + slot), tl.load(top_k_ptr + slot), tl.load(top_p_ptr + slot),
        tl.load(seed_ptr + slot), step * PLACES, KEY_BITS=32,
    )  # fmt: skip
    code = tl.where(bad, 0, code)
    tl.store(next_code_ptr + slot, code)
    tl.store(seen_ptr + slot * vocabulary + code, 1)
    tl.store(broken_ptr + slot, 1, bad)


@triton.jit(do_not_specialize=["place"])  # one compilation serves all fifteen
def _draw_predictor_code(
    logits_ptr, slots_ptr, temperature_ptr, top_k_ptr, top_p_ptr, seed_ptr, step_ptr, out_ptr, broken_ptr, table_ptr, rows_ptr,
    vocabulary, out_stride, place, hidden,
    PLACES: tl.constexpr, KEY_BITS: tl.constexpr, BLOCK: tl.constexpr, COLUMNS: tl.constexpr,
):  # fmt: skip
    """One program a row: draw; then the code's row of the table, `hidden` wide (0: no table), is copied to the output."""
    row = tl.program_id(0).to(tl.int64)
    slot = tl.load(slots_ptr + row).to(tl.int64)
    code_id = tl.arange(0, BLOCK)
    logits = tl.load(logits_ptr + row * vocabulary + code_id, code_id < vocabulary, float("-inf")).to(tl.float32)
    bad = _holds_no_numbers(logits) | _has_nothing_finite(logits)
    code = _draw(
        tl.where(bad, 0.0, logits), code_id,
        tl.load(temperature_ptr + slot), tl.load(top_k_ptr + slot), tl.load(top_p_ptr + slot),
        tl.load(seed_ptr + slot), tl.load(step_ptr + slot) * PLACES + place, KEY_BITS=KEY_BITS,
    )  # fmt: skip
    code = tl.where(bad, 0, code)
    tl.store(out_ptr + row * out_stride, code)
    tl.store(broken_ptr + slot, 1, bad)
    for start in range(0, hidden, COLUMNS):
        column = start + tl.arange(0, COLUMNS)
        inside = column < hidden
        tl.store(rows_ptr + row * hidden + column, tl.load(table_ptr + code.to(tl.int64) * hidden + column, inside, 0.0), inside)


@triton.jit
def _holds_no_numbers(logits):
    """NaN or +∞ among them."""
    return tl.sum(((logits != logits) | (logits == float("inf"))).to(tl.int32), 0) > 0


@triton.jit
def _has_nothing_finite(scores):
    return tl.sum((tl.abs(scores) < float("inf")).to(tl.int32), 0) == 0


@triton.jit
def _draw(scores, code_id, temperature, top_k, top_p, seed, counter, KEY_BITS: tl.constexpr):
    """The drawn code of one row of scores. KEY_BITS 16: scores are bfloat16's, which half the bits tell apart."""
    if temperature > 0:
        if KEY_BITS == 32:  # equals after the division are equals; of bfloat16's it makes none
            scores = scores / temperature
        if top_k > 0:
            key = _ordered(scores)
            scores = tl.where(key >= _threshold_of_count(key, top_k, KEY_BITS), scores, float("-inf"))
        if KEY_BITS == 16:
            scores = scores / temperature
        if top_p < 1:
            scores = _top_p(scores, top_p)
        scores += _gumbel(seed, code_id, counter)
    return tl.argmax(scores, 0)


@triton.jit
def _ordered(scores):
    """Float32 as uint32 that compare alike: the sign bit is turned, and a negative's other bits with it. −0 is 0."""
    bits = tl.where(scores == 0, 0.0, scores).to(tl.uint32, bitcast=True)
    return tl.where(bits >= 0x80000000, ~bits, bits | 0x80000000)


@triton.jit
def _threshold_of_count(key, count, N_BITS: tl.constexpr):
    """The `count`-th largest key: the largest threshold that as many reach, found bit by bit from the highest."""
    threshold = tl.zeros_like(tl.max(key, 0))
    for bit in tl.static_range(N_BITS):
        candidate = threshold | (1 << (31 - bit))
        threshold = tl.where(tl.sum((key >= candidate).to(tl.int32), 0) >= count, candidate, threshold)
    return threshold


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
