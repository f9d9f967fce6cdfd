"""Positions of what is mirrored at its edges, where padding of any values may follow it."""

import torch
from torch import Tensor


def mirrored(length: int, n: Tensor, left: int, right: int) -> Tensor:
    """Where to look so that `n` positions (int64, of no dimension) of `length` are mirrored `left` positions before the first and
    `right` behind the last, which do not come twice: [left + length + right] int64. What lies further behind looks anywhere, but
    never beyond `length`, whatever n is: a GPU that did would be lost to the whole process."""
    at = torch.arange(-left, length + right, device=n.device).abs()
    at = torch.where(at < n, at, 2 * (n - 1) - at)
    return at.clamp(0, length - 1)
