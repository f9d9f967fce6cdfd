"""The code predictor: codes 1 to 15 of a frame, from the talker's hidden state and code 0.

It has two ways. Kernel after kernel serves any number of rows, on any device and in any number format: two places at first, then
one a code. One launch (kernels/gpu/one_launch) does the same by a single kernel that stays on the GPU for the whole frame,
where a GPU and a number of rows are such that it is there and faster.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from worker.model.attention import ENGINE
from worker.model.config import CheckpointConfig
from worker.model.kernels.frame import open_frame
from worker.model.kernels.gpu.one_launch.arguments import Opening
from worker.model.kernels.gpu.one_launch.unavailable import Unavailable
from worker.model.kernels.linear import norm_linear
from worker.model.kernels.predictor_attention import OPENING
from worker.model.kernels.sampling import draw_predictor_code
from worker.model.slot_state import SlotState
from worker.model.stack import Cache, load_stack
from worker.model.tables import PREDICTOR, Tables
from worker.model.weights import TensorFile

if TYPE_CHECKING:
    from worker.model.kernels.gpu.one_launch.one_launch import OneLaunch

log = logging.getLogger(__name__)


class CodePredictor:
    """Its weights on a device. `one_launch` is None where there is none; without it every frame goes kernel after kernel."""

    def __init__(self, config: CheckpointConfig, weights: TensorFile, tables: Tables, dtype: torch.dtype) -> None:
        """Raises CheckpointError where a tensor is missing or of another shape."""
        self.config, self.tables = config, tables
        self.stack = load_stack(config.predictor, weights, f"{PREDICTOR}.model", dtype, ENGINE)
        self.heads = [
            weights.take(f"{PREDICTOR}.lm_head.{i}.weight", dtype=dtype) for i in range(config.n_codes - 1)
        ]  # [predictor codes, predictor hidden] each
        self.one_launch: OneLaunch | None = self._open_one_launch() if self.stack.norm.is_cuda else None

    def cache(self, n_rows: int) -> Cache:
        """Keys and values of so many rows, which last one frame."""
        return self.stack.cache(n_rows, self.config.n_codes)

    @property
    def tensors(self) -> list[Tensor]:
        """All weights, tables aside."""
        layers = [tensor for layer in self.stack.layers for tensor in vars(layer).values()]
        packed = self.one_launch.fixed.weights.tensors if self.one_launch else []
        return [*layers, self.stack.norm, *self.heads, *packed]

    def predict(self, state: SlotState, cache: Cache, rows: Tensor) -> Tensor:
        """A frame's codes [rows, 16] int32: code 0 as `state` has it, the others drawn here. `rows` [rows] int32: their slots;
        row r's keys and values are the cache's r-th. Where logits are no numbers, `state.broken` is set."""
        codes = torch.empty(len(rows), self.config.n_codes, dtype=torch.int32, device=rows.device)
        hidden, code_0_rows = open_frame(rows, state.hidden, state.next_code, self.tables.predictor_inputs[0], codes)
        projection = self.tables.projection
        opening = Opening(projection(hidden) if projection else hidden, code_0_rows)  # [rows, predictor hidden] each
        if self.one_launch is not None and self.one_launch.takes(len(rows)):
            self.one_launch.draw(opening, state, cache, rows, codes)
        else:
            self._draw_one_by_one(opening, state, cache, rows, codes)
        return codes

    def _open_one_launch(self) -> OneLaunch | None:
        from worker.model.kernels.gpu.one_launch.open import open_one_launch

        try:
            return open_one_launch(self.config, self.stack, self.heads, self.tables.predictor_inputs)
        except Unavailable as reason:
            log.info("The code predictor's frames are drawn kernel after kernel, not in one launch: %s.", reason)
            return None

    def _draw_one_by_one(self, opening: Opening, state: SlotState, cache: Cache, rows: Tensor, codes: Tensor) -> None:
        """Columns 1 … of `codes`, kernel after kernel."""
        stack, inputs = self.stack, self.tables.predictor_inputs
        x = torch.cat([opening.hidden, opening.code_0_rows])  # [2 * rows, predictor hidden]
        x = stack.step_in_frame(x, cache, OPENING)[len(rows):]  # [rows, predictor hidden]
        for place, head in enumerate(self.heads, start=1):
            logits = norm_linear(x, stack.norm, head, stack.config.rms_norm_eps)  # [rows, predictor codes]
            read_next = inputs[place] if place < len(inputs) else None
            drawn = draw_predictor_code(
                logits, rows, state.predictor_draw, state.seed, state.step, place, codes[:, place], state.broken, read_next
            )
            if drawn is not None:
                x = stack.step_in_frame(drawn, cache, range(place + 1, place + 2))  # [rows, predictor hidden]
