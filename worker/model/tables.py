"""Everything that is looked up by an id. Projections that only ever see table rows are folded into the tables at load."""

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from worker.model.config import CheckpointConfig
from worker.model.weights import TensorFile

ROWS_AT_A_TIME = 4096
"""Text rows projected at once: bounds what folding needs beside the table."""

PREDICTOR = "talker.code_predictor"


@dataclass(frozen=True)
class Projection:
    """A linear layer with bias: weight [out, in], bias [out]."""

    weight: Tensor
    bias: Tensor

    def __call__(self, x: Tensor) -> Tensor:
        """x [..., in] → [..., out]"""
        return F.linear(x, self.weight, self.bias)


@dataclass(frozen=True)
class Tables:
    """Rows of the talker's width first: `text` [text ids + 1, hidden], projected; `codes_0` [talker codes + 1, hidden];
    `codes_rest` [15 * predictor codes + 1, hidden], code 1's rows first. Their last rows are zeros: an id of NONE.

    `predictor_inputs[i]` [codes, predictor hidden] is what the predictor reads after code i was drawn (i = 0 … 14), and
    `projection` brings the talker's hidden state to the predictor's width (None where both are of one width).
    """

    text: Tensor
    codes_0: Tensor
    codes_rest: Tensor
    predictor_inputs: tuple[Tensor, ...]
    projection: Projection | None


def load_tables(config: CheckpointConfig, weights: TensorFile, device: torch.device, dtype: torch.dtype) -> Tables:
    """Raises CheckpointError where a tensor is missing or of another shape."""
    def take(name: str) -> Tensor:
        return weights.take(name, dtype=dtype)

    codes_0 = _with_zero_row(take("talker.model.codec_embedding.weight"))
    codes_rest = _with_zero_row(
        torch.cat([take(f"{PREDICTOR}.model.codec_embedding.{i}.weight") for i in range(config.n_codes - 1)])
    )
    projection = None
    if config.predictor.hidden_size != config.talker.hidden_size:
        name = f"{PREDICTOR}.small_to_mtp_projection"
        projection = Projection(take(f"{name}.weight"), take(f"{name}.bias"))
    # Nothing is read after the last code, so its rows are left out.
    read_next = [codes_0[:-1], *torch.split(codes_rest[:-1], config.predictor_vocab_size)[:-1]]
    return Tables(
        text=_project_text(config, weights, device, dtype),
        codes_0=codes_0,
        codes_rest=codes_rest,
        predictor_inputs=tuple(projection(rows) if projection else rows for rows in read_next),
        projection=projection,
    )


def _project_text(config: CheckpointConfig, weights: TensorFile, device: torch.device, dtype: torch.dtype) -> Tensor:
    """text_projection(text_embedding), some rows at a time, and the row of zeros."""
    embedding = weights.take("talker.model.text_embedding.weight", dtype=dtype)  # [text ids, text hidden]
    into, out = (
        Projection(weights.take(f"{name}.weight", dtype=dtype), weights.take(f"{name}.bias", dtype=dtype))
        for name in ("talker.text_projection.linear_fc1", "talker.text_projection.linear_fc2")
    )
    table = torch.zeros(len(embedding) + 1, config.talker.hidden_size, dtype=dtype, device=device)
    for rows, projected in zip(torch.split(embedding, ROWS_AT_A_TIME), torch.split(table[:-1], ROWS_AT_A_TIME), strict=True):
        projected.copy_(out(F.silu(into(rows))))
    return table


def _with_zero_row(table: Tensor) -> Tensor:
    return F.pad(table, (0, 0, 0, 1))
