"""The codec's last and longest part: blocks of convolutions that end at one sample a step.

An activation is applied by the convolution before it, in the same pass over memory; that is why a block is told what follows it.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from torch import Tensor

from worker.model.codec_past import Past
from worker.model.codec_weights import CodecWeights
from worker.model.kernels.conv import Conv, Snake, causal_conv, causal_conv_both
from worker.model.kernels.residual_unit import ResidualUnit, residual_unit, residual_unit_both

DILATIONS = (1, 3, 9)


@dataclass(frozen=True)
class Block:
    """`stretch` times as many steps, half the channels, then the units."""

    before: Snake
    stretch: Conv
    units: tuple[ResidualUnit, ...]

    @classmethod
    def load(cls, weights: CodecWeights, name: str, rate: int) -> "Block":
        return cls(
            before=weights.snake(f"{name}.0"),
            stretch=weights.transposed_conv(f"{name}.1", rate),
            units=tuple(_unit(weights, f"{name}.{place}", dilation) for place, dilation in enumerate(DILATIONS, 2)),
        )

    @property
    def memory_size(self) -> int:
        return self.stretch.memory_size + sum(unit.wide.memory_size for unit in self.units)

    def __call__(self, active: Tensor, past: Past, after: Snake) -> Tensor:
        """`active` [rows, n_steps, channels] has `before` applied, what is returned has `after`:
        [rows, rate * n_steps, channels / 2]."""
        first, last = self.units[0], self.units[-1]
        x, active = causal_conv_both(*past.before(active, self.stretch.n_past), self.stretch, snake=first.before)
        for unit, following in zip(self.units, self.units[1:], strict=False):
            x, active = residual_unit_both(*past.before(active, unit.wide.n_past), unit, residual=x, snake=following.before)
        return residual_unit(*past.before(active, last.wide.n_past), last, residual=x, snake=after)


def _unit(weights: CodecWeights, name: str, dilation: int) -> ResidualUnit:
    return ResidualUnit(
        before=weights.snake(f"{name}.act1"),
        wide=weights.conv(f"{name}.conv1", dilation),
        between=weights.snake(f"{name}.act2"),
        narrow=weights.conv(f"{name}.conv2"),
    )


class Waveform:
    """[rows, n_steps, latent_dim] to samples [rows, n_steps * product of rates], float32 in [-1, 1]."""

    def __init__(self, weights: CodecWeights, rates: Sequence[int]) -> None:
        self._first = weights.conv("decoder.0")
        self._blocks = [Block.load(weights, f"decoder.{place}.block", rate) for place, rate in enumerate(rates, 1)]
        self._after = weights.snake(f"decoder.{len(rates) + 1}")
        self._last = weights.conv(f"decoder.{len(rates) + 2}")

    @property
    def memory_size(self) -> int:
        return self._first.memory_size + sum(block.memory_size for block in self._blocks) + self._last.memory_size

    def __call__(self, x: Tensor, past: Past) -> Tensor:
        snakes = [block.before for block in self._blocks] + [self._after]
        active = causal_conv(*past.before(x, self._first.n_past), self._first, snake=snakes[0])
        for block, after in zip(self._blocks, snakes[1:], strict=True):
            active = block(active, past, after)
        samples = causal_conv(*past.before(active, self._last.n_past), self._last)  # [rows, n_samples, 1]
        return samples[:, :, 0].float().clamp(-1, 1)
