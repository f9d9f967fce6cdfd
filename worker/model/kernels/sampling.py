"""Drawing codes from logits, each row by its own slot's rules. On CUDA tensors gpu/sampling.py does the same in one kernel.

In transformers' order, each step as transformers has it: repetition penalty, suppressed ids, temperature, top-k, top-p. Then
the Gumbel-max trick (Gumbel 1954; Maddison et al. 2014, arXiv:1411.0030) with Philox noise in place of a multinomial draw: the
distribution is the same, and the draw depends on the slot's seed, the step, the place and the vocabulary index alone.
"""

from dataclasses import dataclass

import torch
from torch import Tensor

from worker.model.kernels.philox import uniforms

NOT_DRAWN = float("-inf")

PLACES = 16
"""Codes of a frame: draw `place` of `step` has counter 16 · step + place."""


@dataclass
class DrawShape:
    """Per slot: `temperature` [slots] float32, 0 is greedy; `top_k` [slots] int32, 0 keeps all; `top_p` [slots] float32,
    1 keeps all."""

    temperature: Tensor
    top_k: Tensor
    top_p: Tensor


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
    """Draws code 0 of each row's next frame.

    `logits` [rows, vocabulary], `slots` [rows] int32. Per slot: `penalty` float32 (on every code seen), `seen` [slots,
    vocabulary] uint8, `seed` int64, `step` int32 (codes 0 drawn before). Writes `next_code` [slots] int32, marks it in `seen`.
    The last `n_special` ids are never drawn but `end_code`, and that one not before step `min_frames`.
    Where logits hold NaN or +∞, or nothing finite is left, `broken` [slots] uint8 is set to 1 and the code is 0.
    """
    if logits.is_cuda:
        from worker.model.kernels.gpu import sampling as gpu

        return gpu.draw_talker_code(
            logits, slots, shape, penalty=penalty, seen=seen, seed=seed, step=step, min_frames=min_frames,
            end_code=end_code, next_code=next_code, broken=broken, n_special=n_special,
        )  # fmt: skip
    at = slots.long()
    scores = logits.float()  # [rows, vocabulary]
    penalised = torch.where(scores < 0, scores * penalty[at, None], scores / penalty[at, None])
    scores = torch.where(seen[at] != 0, penalised, scores)
    ids = torch.arange(scores.shape[1], device=scores.device)
    ends = (ids == end_code) & (step[at, None] >= min_frames)  # [rows, vocabulary]
    ordinary = (ids < scores.shape[1] - n_special) & (ids != end_code)  # [vocabulary]
    code, bad = _draw(scores.masked_fill(~(ordinary | ends), NOT_DRAWN), at, shape, seed[at], step[at] * PLACES)
    bad |= _not_numbers(logits)
    code = torch.where(bad, 0, code)
    next_code[at] = code.int()
    seen[at, code] = 1
    broken[at[bad]] = 1
    return None


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
    """Draws code `place` (1 to 15) of each row's frame, as `draw_talker_code` but with nothing penalised or suppressed.

    `logits` [rows, vocabulary]; writes `out` [rows] int32, a view of any stride. With `table` [vocabulary, hidden] returns
    `table[code]` [rows, hidden], the predictor's next input.
    """
    if logits.is_cuda:
        from worker.model.kernels.gpu import sampling as gpu

        return gpu.draw_predictor_code(logits, slots, shape, seed, step, place, out, broken, table)
    at = slots.long()
    code, bad = _draw(logits.float(), at, shape, seed[at], step[at] * PLACES + place)
    bad |= _not_numbers(logits)
    code = torch.where(bad, 0, code)
    out.copy_(code)
    broken[at[bad]] = 1
    return None if table is None else table[code]


def _not_numbers(logits: Tensor) -> Tensor:
    """[rows] bool: NaN or +∞ among them. −∞ is a logit like any other: it is never drawn."""
    return (logits.isnan() | logits.isposinf()).any(1)


def shaped(scores: Tensor, temperature: Tensor, top_k: Tensor, top_p: Tensor) -> Tensor:
    """What transformers' warpers make of `scores` [rows, vocabulary] float32: divided by the temperature, −∞ where top-k and
    top-p cut. The others [rows]; a row of temperature 0 is left as it is."""
    random = temperature > 0  # [rows]
    scores = scores / torch.where(random, temperature, 1.0)[:, None]
    scores = _top_k(scores, torch.where(random, top_k, 0))
    return _top_p(scores, torch.where(random, top_p, 1.0))


def _draw(scores: Tensor, at: Tensor, shape: DrawShape, seed: Tensor, counter: Tensor) -> tuple[Tensor, Tensor]:
    """Code [rows] int64 drawn from `scores` [rows, vocabulary] float32, and [rows] bool where there was none to draw."""
    temperature = shape.temperature[at]
    scores = shaped(scores, temperature, shape.top_k[at], shape.top_p[at])
    finite = scores.isfinite()
    row, code = (finite & (temperature > 0)[:, None]).nonzero(as_tuple=True)  # few are left, and Philox costs most here
    noise = -torch.log(-torch.log(uniforms(seed[row], code, counter[row])))
    noisy = scores.index_put((row, code), scores[row, code] + noise)
    return noisy.argmax(1), ~finite.any(1)


def _top_k(scores: Tensor, top_k: Tensor) -> Tensor:
    """Masks all below the row's k-th largest; ties with it stay. `top_k` [rows], 0 keeps all."""
    widest = int(top_k.max().clamp(1, scores.shape[1]))
    largest = scores.topk(widest).values  # [rows, widest]
    kth = largest.gather(1, (top_k.long() - 1).clamp(0, widest - 1)[:, None])  # [rows, 1]
    return scores.masked_fill((scores < kth) & (top_k > 0)[:, None], NOT_DRAWN)


def _top_p(scores: Tensor, top_p: Tensor) -> Tensor:
    """Masks the least likely whose probabilities together do not exceed 1 − p, never the likeliest; of equals, the first go
    first. `top_p` [rows], 1 keeps all."""
    if bool((top_p >= 1).all()):
        return scores
    ascending, order = scores.sort(stable=True)  # [rows, vocabulary]
    removed = ascending.softmax(-1).cumsum(-1) <= (1 - top_p)[:, None]
    removed[:, -1] = False
    removed &= (top_p < 1)[:, None]
    return scores.masked_fill(removed.gather(1, order.argsort()), NOT_DRAWN)
