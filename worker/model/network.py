"""Talker and code predictor: prompts in, one frame of codes for each row and launch out. Nothing here waits for the device.

A frame (80 ms) of a row: the code predictor reads the talker's hidden state and code 0 and draws codes 1 to 15; the talker
reads the sum of the sixteen codes' rows and a text row, and draws code 0 of the frame after. Rows are one launch's batch, in
any order; what an utterance is made of lives in its slot (worker/model/slot_state.py).
"""

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from worker.model.attention import ENGINE, Attention
from worker.model.code_predictor import CodePredictor
from worker.model.config import CheckpointConfig
from worker.model.kernels.embedding import sum_frame_rows, sum_prompt_rows
from worker.model.kernels.frame import report_frame, settle_frame
from worker.model.kernels.sampling import draw_talker_code
from worker.model.prompt_batch import PromptRows
from worker.model.sampling import MIN_FRAMES
from worker.model.slot_state import SlotState, empty_slots
from worker.model.stack import Cache, load_stack
from worker.model.tables import load_tables
from worker.model.weights import TensorFile


@dataclass(frozen=True)
class Slots:
    """`state` and the talker's keys and values, by slot; the predictor's by row, for they last one frame."""

    state: SlotState
    talker_cache: Cache
    predictor_cache: Cache


class Network:
    """A checkpoint's talker and code predictor on a device. Its methods run under torch.inference_mode."""

    def __init__(
        self, config: CheckpointConfig, weights: TensorFile, device: torch.device, dtype: torch.dtype,
        attention: Attention = ENGINE,
    ) -> None:
        """Raises CheckpointError where a tensor is missing or of another shape."""
        self.config, self.device, self.dtype = config, device, dtype
        self.talker = load_stack(config.talker, weights, "talker.model", dtype, attention)
        self.tables = load_tables(config, weights, device, dtype)
        self.predictor = CodePredictor(config, weights, self.tables, dtype)
        self.talker_head = weights.take("talker.codec_head.weight", dtype=dtype)  # [talker codes, hidden]

    def slots(self, n_slots: int, slot_positions: int) -> Slots:
        """Memory for `n_slots` utterances of `slot_positions` each, prompt and frames together."""
        return Slots(
            state=empty_slots(self.config, n_slots, slot_positions, self.device, self.dtype),
            talker_cache=self.talker.cache(n_slots + 1, slot_positions),
            predictor_cache=self.predictor.cache(n_slots + 1),
        )

    @property
    def weight_bytes(self) -> int:
        """Memory of all weights and tables."""
        tables = self.tables
        tensors = [tables.text, tables.codes_0, tables.codes_rest, *tables.predictor_inputs, self.talker_head]
        tensors += [tensor for layer in self.talker.layers for tensor in vars(layer).values()]
        tensors += self.predictor.tensors
        storages = {storage.data_ptr(): storage.nbytes() for storage in (tensor.untyped_storage() for tensor in tensors)}
        return sum(storages.values())

    @torch.inference_mode()
    def prefill(self, slots: Slots, batch: PromptRows) -> None:
        """The prompts of a batch enter their slots, and code 0 of their first frames is drawn."""
        state, at = slots.state, batch.slots.long()
        state.enter(batch)
        x = self._prompt(batch)  # [batch, length, hidden]
        hidden = self.talker.prefill(x, slots.talker_cache, at, batch.lengths.long())  # [batch, hidden]
        state.hidden.index_copy_(0, at, hidden)
        self._draw_code_0(state, batch.slots, hidden)

    @torch.inference_mode()
    def frame(self, slots: Slots, rows: Tensor, results: Tensor) -> None:
        """One frame of each row. rows [rows] int32: its slot; none twice, but for the scratch slot.
        results [rows, 18] int32 is written: the frame's 16 codes, code 0 of the frame after, and 1 where NaN was met."""
        codes = self.predict(slots, rows)
        self.advance(slots, rows, codes)
        report_frame(codes, rows, slots.state.next_code, slots.state.broken, results)

    @torch.inference_mode()
    def predict(self, slots: Slots, rows: Tensor) -> Tensor:
        """The first half of a frame: its codes [rows, 16] int32, code 0 as drawn before, the others drawn here."""
        return self.predictor.predict(slots.state, slots.predictor_cache, rows)

    @torch.inference_mode()
    def advance(self, slots: Slots, rows: Tensor, codes: Tensor) -> None:
        """The second half: the talker hears the frame's codes [rows, 16] int32, and draws code 0 of the frame after."""
        state, tables, talker = slots.state, self.tables, self.talker
        x = sum_frame_rows(
            codes, tables.codes_0, tables.codes_rest, tables.text, state.trailing_ids, rows, state.step
        )  # [rows, hidden]
        positions = torch.index_select(state.position, 0, rows)
        x = talker.step(x, slots.talker_cache, rows, positions, n_splits=_n_splits(len(rows)))  # [rows, hidden]
        hidden = settle_frame(
            x, talker.norm, talker.config.rms_norm_eps, rows, state.hidden, state.step, state.position, state.live,
            last_position=state.slot_positions - 1,
        )  # [rows, hidden]
        self._draw_code_0(state, rows, hidden)

    def _prompt(self, batch: PromptRows) -> Tensor:
        """Each position's sum of table rows, and the speaker embedding where there is one → [batch, length, hidden]."""
        tables = self.tables
        n_prompts, length = batch.text_ids.shape
        x = sum_prompt_rows(
            batch.text_ids.view(-1), batch.code_ids.view(n_prompts * length, -1), tables.codes_0, tables.codes_rest, tables.text
        ).view(n_prompts, length, -1)  # [batch, length, hidden]
        rows = torch.arange(n_prompts, device=self.device)
        at = batch.speaker_at.clamp_min(0).long()
        speaker = torch.where(batch.speaker_at[:, None] >= 0, batch.speaker, 0).to(self.dtype)  # [batch, hidden]
        x[rows, at] += speaker
        return x

    def _draw_code_0(self, state: SlotState, rows: Tensor, hidden: Tensor) -> None:
        """Code 0 of each row's next frame, from the talker's output [rows, hidden], into state.next_code."""
        draw_talker_code(
            F.linear(hidden, self.talker_head), rows, state.talker_draw,
            penalty=state.penalty, seen=state.seen, seed=state.seed, step=state.step,
            min_frames=MIN_FRAMES, end_code=self.config.tokens.codec_eos, next_code=state.next_code, broken=state.broken,
        )


def _n_splits(n_rows: int) -> int:
    """Into how many parts the attention kernel cuts a slot's history: few rows alone don't fill a GPU. H200, 190 positions: at
    16 rows one part is 8% of the talker's time faster than four."""
    return 8 if n_rows <= 4 else 4 if n_rows <= 8 else 1
