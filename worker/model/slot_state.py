"""All that is remembered of the utterances being spoken, by slot and on the device.

There is one slot more than utterances: the *scratch slot*, the last. Rows that only fill a batch up point at it; it stays at
position 0 for ever, so that whatever they compute there runs into nothing.
"""

from dataclasses import dataclass

import torch
from torch import Tensor

from worker.model.config import CheckpointConfig
from worker.model.kernels.sampling import DrawShape
from worker.model.prompt_batch import PromptRows

LOST = 2
"""`broken` of a row whose launch gave up: blocks of the GPU waited for each other in vain. 1 is NaN."""


@dataclass(frozen=True)
class SlotState:
    """Every tensor's first dimension is the slot, scratch slot included.

    `hidden` [slots, hidden]: the talker's last output. `next_code` int32: code 0 of the frame to come. `position` int32: where
    the next frame's key and value go. `step` int32: number of the frame to come. `seen` [slots, talker codes] uint8: codes 0
    drawn before. `broken` uint8: 1 where NaN was met, or LOST. `trailing_ids` [slots, positions] int32: the text row that each
    frame adds. `live` int32: 1, and 0 for the scratch slot.
    """

    hidden: Tensor
    next_code: Tensor
    position: Tensor
    step: Tensor
    seen: Tensor
    broken: Tensor
    trailing_ids: Tensor
    live: Tensor
    seed: Tensor
    penalty: Tensor
    talker_draw: DrawShape
    predictor_draw: DrawShape

    @property
    def scratch_slot(self) -> int:
        return len(self.live) - 1

    @property
    def slot_positions(self) -> int:
        return self.trailing_ids.shape[1]

    def enter(self, batch: PromptRows) -> None:
        """New occupants: nothing of the former ones is left but keys and values beyond the position, which nothing reads."""
        slots = batch.slots.long()  # [batch]
        for kept, new in (
            (self.position, batch.lengths), (self.trailing_ids, batch.trailing_ids), (self.seed, batch.seed),
            (self.penalty, batch.penalty), *zip(_fields(self.talker_draw), _fields(batch.talker_draw), strict=True),
            *zip(_fields(self.predictor_draw), _fields(batch.predictor_draw), strict=True),
        ):
            kept.index_copy_(0, slots, new)
        for cleared in (self.step, self.seen, self.broken):
            cleared.index_fill_(0, slots, 0)


def empty_slots(
    config: CheckpointConfig, n_slots: int, slot_positions: int, device: torch.device, dtype: torch.dtype
) -> SlotState:
    """State of `n_slots` free slots and the scratch slot."""
    n = n_slots + 1

    def zeros(*shape: int, of: torch.dtype = torch.int32) -> Tensor:
        return torch.zeros(n, *shape, dtype=of, device=device)

    def greedy() -> DrawShape:
        return DrawShape(temperature=zeros(of=torch.float32), top_k=zeros(), top_p=torch.ones(n, device=device))

    live = torch.ones(n, dtype=torch.int32, device=device)
    live[-1] = 0
    return SlotState(
        hidden=zeros(config.talker.hidden_size, of=dtype),
        next_code=zeros(), position=zeros(), step=zeros(),
        seen=zeros(config.talker_vocab_size, of=torch.uint8),
        broken=zeros(of=torch.uint8),
        trailing_ids=torch.full((n, slot_positions), config.tokens.tts_pad, dtype=torch.int32, device=device),
        live=live,
        seed=zeros(of=torch.int64),
        penalty=torch.ones(n, device=device),
        talker_draw=greedy(), predictor_draw=greedy(),
    )


def _fields(draw: DrawShape) -> tuple[Tensor, Tensor, Tensor]:
    return draw.temperature, draw.top_k, draw.top_p
