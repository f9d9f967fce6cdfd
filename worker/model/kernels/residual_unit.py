"""The codec's residual unit, x + narrow(snake(wide(snake(x)))): seven taps, an activation, one tap. On CUDA tensors
gpu/residual_unit.py makes it in one pass over memory where it can."""

from dataclasses import dataclass

from torch import Tensor

from worker.model.kernels.conv import Conv, Snake, causal_conv, causal_conv_both


@dataclass(frozen=True)
class ResidualUnit:
    """`before` is the first snake, which the layer before applies; `wide` looks back, `narrow` does not. As many channels come
    out as go in, of both."""

    before: Snake
    wide: Conv
    between: Snake
    narrow: Conv


def residual_unit(active: Tensor, n_past: int, unit: ResidualUnit, *, residual: Tensor, snake: Snake) -> Tensor:
    """snake(narrow(between(wide(active))) + residual): [rows, n_steps, channels] in active's dtype.

    `active` [rows, n_past + n_steps, channels] has unit.before applied; `n_past` is unit.wide.n_past where it begins with the
    steps before the first output, 0 where nothing but silence was before it. `residual` [rows, n_steps, channels] is the unit's
    input, `snake` what follows the unit.
    """
    if active.is_cuda:
        from worker.model.kernels.gpu import residual_unit as gpu

        if gpu.fits(active, n_past, unit):
            return gpu.residual_unit(active, n_past, unit, residual=residual, snake=snake)
    hidden = causal_conv(active, n_past, unit.wide, snake=unit.between)  # [rows, n_steps, channels]
    return causal_conv(hidden, 0, unit.narrow, residual=residual, snake=snake)


def residual_unit_both(
    active: Tensor, n_past: int, unit: ResidualUnit, *, residual: Tensor, snake: Snake
) -> tuple[Tensor, Tensor]:
    """The sum, which is the next unit's residual, and its SnakeBeta: as residual_unit without and with `snake`."""
    if active.is_cuda:
        from worker.model.kernels.gpu import residual_unit as gpu

        if gpu.fits(active, n_past, unit):
            return gpu.residual_unit_both(active, n_past, unit, residual=residual, snake=snake)
    hidden = causal_conv(active, n_past, unit.wide, snake=unit.between)  # [rows, n_steps, channels]
    return causal_conv_both(hidden, 0, unit.narrow, residual=residual, snake=snake)
