"""What a one-command stack can speak with."""

from enum import StrEnum
from typing import Annotated

import typer

from speechmill.cli.exits import Exit, Failure


class Voice(StrEnum):
    ESPEAK = "espeak"
    TONE = "tone"
    QWEN3 = "qwen3"
    REFERENCE = "reference"
    REMOTE = "remote"

    @property
    def has_engine(self) -> bool:
        """It speaks with a checkpoint, which takes its time to be fetched and loaded."""
        return self in (Voice.QWEN3, Voice.REFERENCE)

    @property
    def takes_time(self) -> bool:
        """To be ready: an engine loads, and another server may be loading."""
        return self.has_engine or self is Voice.REMOTE


Checkpoint = Annotated[str, typer.Option(
    "--checkpoint", envvar="SPEECHMILL_ENGINE__CHECKPOINT", metavar="NAME",
    help="Qwen3-TTS checkpoint for the voices qwen3 and reference: a folder, or a name on the Hugging Face hub such as "
         "Qwen/Qwen3-TTS-12Hz-1.7B-CustomVoice, which is fetched at the first start.")]


def require_checkpoint(voice: Voice, checkpoint: str) -> None:
    """Raises Failure where the voice needs one and none is named."""
    if voice.has_engine and not checkpoint:
        raise Failure(f"voice {voice} has nothing to speak with: name a checkpoint with --checkpoint or "
                      "SPEECHMILL_ENGINE__CHECKPOINT, such as Qwen/Qwen3-TTS-12Hz-1.7B-CustomVoice.", Exit.USAGE)
