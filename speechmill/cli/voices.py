"""What a one-command stack can speak with."""

from enum import StrEnum


class Voice(StrEnum):
    ESPEAK = "espeak"
    TONE = "tone"
