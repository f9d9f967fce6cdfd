"""A batch of prompts in one piece of memory, the same on the host and on the device: one copy brings all of it over."""

from dataclasses import dataclass
from itertools import accumulate
from math import prod

import torch
from torch import Tensor

from worker.model.config import CheckpointConfig
from worker.model.kernels.sampling import DrawShape


@dataclass(frozen=True)
class PromptRows:
    """What `Network.prefill` takes: prompts of one batch, padded on the right to one length.

    `text_ids` [batch, length] and `code_ids` [batch, length, codes] int32 as in worker/model/prompt.py, NONE in the padding.
    `lengths` and `slots` [batch] int32: a row that only fills the batch up has length 0 and the scratch slot. `trailing_ids`
    [batch, slot positions] int32, tts_pad to the end. `speaker` [batch, hidden] float32 is added at `speaker_at` [batch] int32
    (NONE: nowhere). How each row is drawn: `seed` int64, `penalty` float32, and the two draws, [batch] each.
    """

    text_ids: Tensor
    code_ids: Tensor
    lengths: Tensor
    slots: Tensor
    trailing_ids: Tensor
    speaker: Tensor
    speaker_at: Tensor
    seed: Tensor
    penalty: Tensor
    talker_draw: DrawShape
    predictor_draw: DrawShape


@dataclass(frozen=True)
class BatchRoom:
    """The most that a batch may hold: `n_prompts`, and `n_positions` of all of them together, padding counted."""

    n_prompts: int
    n_positions: int
    n_codes: int
    slot_positions: int
    hidden_size: int


class PromptBuffer:
    """Memory for any batch within its room. `words` [n] int32 is all of it."""

    def __init__(self, room: BatchRoom, device: torch.device, *, pinned: bool = False) -> None:
        n, draws = room.n_prompts, 3 * 2
        self._sizes = (  # words of each part; 64-bit seeds first, where they are aligned
            2 * n, room.n_positions, room.n_positions * room.n_codes, n, n, n * room.slot_positions, n * room.hidden_size, n, n,
            *[n] * draws,
        )
        self._room = room
        self.words = torch.zeros(sum(self._sizes), dtype=torch.int32, device=device, pin_memory=pinned)

    def rows(self, n_prompts: int, length: int) -> PromptRows:
        """The buffer seen as a batch of `n_prompts`, each padded to `length`."""
        room, f32 = self._room, torch.float32
        starts = iter(accumulate(self._sizes, initial=0))

        def part(*shape: int, of: torch.dtype = torch.int32) -> Tensor:
            start = next(starts)
            n_words = prod(shape) * of.itemsize // 4
            return self.words[start : start + n_words].view(of).view(shape)

        def draw() -> DrawShape:
            return DrawShape(temperature=part(n_prompts, of=f32), top_k=part(n_prompts), top_p=part(n_prompts, of=f32))

        return PromptRows(
            seed=part(n_prompts, of=torch.int64),
            text_ids=part(n_prompts, length),
            code_ids=part(n_prompts, length, room.n_codes),
            lengths=part(n_prompts),
            slots=part(n_prompts),
            trailing_ids=part(n_prompts, room.slot_positions),
            speaker=part(n_prompts, room.hidden_size, of=f32),
            speaker_at=part(n_prompts),
            penalty=part(n_prompts, of=f32),
            talker_draw=draw(),
            predictor_draw=draw(),
        )


def batch_room(config: CheckpointConfig, n_prompts: int, n_positions: int, slot_positions: int) -> BatchRoom:
    """Room for a checkpoint's prompts."""
    return BatchRoom(n_prompts, n_positions, config.n_codes, slot_positions, config.talker.hidden_size)
