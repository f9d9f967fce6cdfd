"""The code predictor's frame in one launch. Addresses never change: CUDA graphs may keep them."""

from collections.abc import Mapping
from typing import Protocol

from torch import Tensor

from worker.model.kernels.gpu.one_launch.arguments import Fixed, FrameArguments, Opening, arguments
from worker.model.kernels.gpu.one_launch.sizes import FEWEST_ROWS
from worker.model.slot_state import SlotState
from worker.model.stack import Cache


class Launcher(Protocol):
    """A kernel for one number of rows."""

    def launch(self, frame: FrameArguments) -> None:
        ...


class OneLaunch:
    """Weights, buffers, and a kernel for each of some numbers of rows."""

    def __init__(self, kernels: Mapping[int, Launcher], fixed: Fixed) -> None:
        self._kernels, self.fixed = kernels, fixed

    def takes(self, n_rows: int) -> bool:
        """Whether it is the faster way for so many."""
        return FEWEST_ROWS <= n_rows <= max(self._kernels)

    def draw(self, opening: Opening, state: SlotState, cache: Cache, slots: Tensor, codes: Tensor) -> None:
        """Columns 1 … of `codes` [rows, codes] int32, dense. `slots` [rows] int32, no more than the largest kernel has; keys and
        values of rows 0 … of `cache` are written. `state.broken` is set where logits are no numbers, and to LOST where blocks
        waited in vain: the next launch knows nothing of that, it begins anew."""
        self.fixed.buffers.meetings.zero_()
        frame = arguments(self.fixed, opening, state, cache, slots, codes)
        self._kernels[min(n_rows for n_rows in self._kernels if n_rows >= len(slots))].launch(frame)
