"""What a checkpoint offers, whichever speaker runs it."""

import torch

from worker.engine.speaker import SpeakerInfo
from worker.model.checkpoint import Checkpoint


def speaker_info(checkpoint: Checkpoint, dtype: torch.dtype, *, n_slots: int, longest_frames: int,
                 notes: tuple[str, ...]) -> SpeakerInfo:
    """`n_slots`, `longest_frames` and `notes` are the speaker's own; the rest is the checkpoint's."""
    config = checkpoint.config
    return SpeakerInfo(
        name=checkpoint.folder.name,
        kind=config.kind,
        voices=tuple(config.speakers),
        languages=config.spoken_languages,
        takes_instructions=config.takes_instructions,
        # Another number format sounds otherwise: takes of one must not stand in for takes of the other.
        revision=f"{checkpoint.revision}-{dtype_name(dtype)}",
        sampling=checkpoint.sampling,
        n_slots=n_slots,
        longest_frames=longest_frames,
        notes=notes,
    )


def dtype_name(dtype: torch.dtype) -> str:
    """torch.bfloat16 as bfloat16."""
    return str(dtype).removeprefix("torch.")
