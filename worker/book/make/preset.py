"""How finished chapters are to sound: how loud, and what silence stands around them."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal

CEILING_DBTP = -3.5
"""No peak is left above this; lossy encoders overshoot it by some tenths of a decibel, and −3 is what shops accept."""
MOST_GAIN_DB = 20.0
"""What is so faint that it needs more is mostly noise."""

Scale = Literal["LUFS", "dBFS RMS"]


@dataclass(frozen=True)
class Target:
    """The level that a chapter is brought to by one constant gain: gated loudness (ITU-R BS.1770) or plain RMS over all of it."""

    level_db: float
    scale: Scale


@dataclass(frozen=True)
class Preset:
    """`target` None leaves the sound alone, peaks too. `head_s` and `tail_s` of silence are put around each chapter when it is
    delivered; the master has neither."""

    name: str
    target: Target | None
    head_s: float
    tail_s: float
    mp3: tuple[str, ...]


# As short clips are encoded (worker/encode.py): beyond what 24 kHz mono needs, and twice as fast as LAME's default.
_MP3_SPEECH = ("-b:a", "96k", "-compression_level", "7")
_MP3_ACX = ("-ar", "44100", "-b:a", "192k", "-compression_level", "7")

DEFAULT = Preset("default", Target(-19.0, "LUFS"), head_s=0.0, tail_s=2.0, mp3=_MP3_SPEECH)
"""−19 LUFS is for mono what −16 is for stereo."""
ACX = Preset("acx", Target(-20.5, "dBFS RMS"), head_s=0.75, tail_s=2.0, mp3=_MP3_ACX)
"""What ACX (Audible) asks of a file; worker/book/make/acx.py measures it."""
NONE = Preset("none", None, head_s=0.0, tail_s=2.0, mp3=_MP3_SPEECH)

PRESETS: Mapping[str, Preset] = MappingProxyType({preset.name: preset for preset in (DEFAULT, ACX, NONE)})
