"""Rotary position embedding (Su et al. 2021, arXiv:2104.09864), in NeoX layout: element i turns with element i + dim / 2.

Qwen3-TTS's multimodal RoPE is always given three equal positions, which makes it this plain one.
"""

from dataclasses import dataclass

import torch
from torch import Tensor


@dataclass(frozen=True)
class Rope:
    """`cos` and `sin`, each [n_positions, dim / 2]: one half only, the other is the same."""

    cos: Tensor
    sin: Tensor


def rope_tables(n_positions: int, head_dim: int, theta: float, device: torch.device, dtype: torch.dtype) -> Rope:
    """Angles are float32 and made on the CPU, so that every device turns by the same; rounded to `dtype` last."""
    frequencies = 1.0 / theta ** (torch.arange(0, head_dim, 2, dtype=torch.float32) / head_dim)  # [dim / 2]
    angles = torch.arange(n_positions, dtype=torch.float32)[:, None] * frequencies  # [n_positions, dim / 2]
    return Rope(angles.cos().to(device, dtype), angles.sin().to(device, dtype))


def rotate(x: Tensor, cos: Tensor, sin: Tensor) -> Tensor:
    """`x` [..., dim], turned; `cos` and `sin` [..., dim / 2] broadcast against it. Rounds after each product and the sum."""
    first, second = x.chunk(2, -1)  # [..., dim / 2] each
    return torch.cat((first * cos - second * sin, second * cos + first * sin), -1)
