"""Keys and values as a cache keeps them: in the model's dtype or, half as large, in float8."""

import torch
from torch import Tensor

FLOAT8 = torch.float8_e4m3fn
"""Four bits of exponent, three of mantissa, no infinity (Micikevicius et al. 2022, arXiv:2209.05433). Keys are normed and values
of the size of activations, so both fit without a scale."""
LARGEST = 448.0
"""The largest number of float8."""


def as_kept(x: Tensor, dtype: torch.dtype) -> Tensor:
    """Keys or values in the cache's dtype. What is too large for float8 becomes its largest; NaN stays NaN."""
    return x.clamp(-LARGEST, LARGEST).to(dtype) if dtype == FLOAT8 else x.to(dtype)
