"""What the talker reads before it speaks: one row a position, each the sum of a text row and code rows. No torch.

Everything a prompt adds up is a row of a table: projected text embeddings, code-0 embeddings, the fifteen code embeddings of
the predictor. So a prompt is ids, gathered on the device in one kernel; only a cloned voice's speaker embedding is a vector.
"""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

NONE = -1
"""No row is added here."""

Ids = NDArray[np.int32]
Vector = NDArray[np.float32]


@dataclass(frozen=True)
class Prompt:
    """`text_ids` [n_positions]; `code_ids` [n_positions, 16], code 0 in talker ids, codes 1–15 in predictor ids; NONE where
    nothing is added.

    `trailing_ids` [n] are text rows added to frames 0, 1, …, after them tts_pad (empty: tts_pad from frame 0 on).
    `speaker` [hidden] is added at position `speaker_at`. `reference_codes` [n_frames, 16] go before the spoken codes when
    they are decoded, and their sound is cut away again (clone by ICL).
    """

    text_ids: Ids
    code_ids: Ids
    trailing_ids: Ids = field(default_factory=lambda: np.zeros(0, np.int32))
    speaker: Vector | None = None
    speaker_at: int = NONE
    reference_codes: Ids | None = None

    def __len__(self) -> int:
        return len(self.text_ids)
