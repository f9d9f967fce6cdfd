"""What ACX (Audible) asks of a file, measured on the encoded file itself.

The limits are those of ACX's "Audio Submission Requirements": RMS −23 to −18 dB, peaks to −3 dB, noise floor to −60 dB RMS, MP3
at a constant 192 kbps or more, 44.1 kHz, 120 minutes at most, 0.5 to 1 s of room tone at the head, 1 to 5 s at the tail.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from worker.book.make.frames import Frames, mp3_frames
from worker.book.make.meter import db
from worker.ffmpeg import Ffmpeg, through
from worker.voices.seam import Pcm

_FRAME_S = 0.01
_FLOOR_FRAMES = 50
"""The noise floor is the RMS of the quietest half second."""
_SOUND_DBFS = -60.0
"""What is above the noise floor that is allowed, is sound: before it is the head, after it the tail."""
_READ_BYTES = 1 << 16


@dataclass(frozen=True)
class Limit:
    """`lowest` and `highest` are what is allowed, None being no limit; all in `unit`."""

    name: str
    value: float
    unit: str
    lowest: float | None = None
    highest: float | None = None

    @property
    def passed(self) -> bool:
        return (self.lowest is None or self.value >= self.lowest) and (self.highest is None or self.value <= self.highest)


@dataclass(frozen=True)
class AcxReport:
    limits: tuple[Limit, ...]

    @property
    def passed(self) -> bool:
        return all(limit.passed for limit in self.limits)


def check_acx(path: Path) -> AcxReport:
    """Measure an MP3 file of one chapter. Holds one number for each 10 ms. Raises EncodingFailed where it is no MP3."""
    frames = mp3_frames(path)
    levels, peak = _measured(path, frames.sample_rate_hz)
    sound = np.flatnonzero(levels > 10 ** (_SOUND_DBFS / 20))
    head, tail = (int(sound[0]), len(levels) - 1 - int(sound[-1])) if len(sound) else (len(levels), len(levels))
    return AcxReport((
        Limit("rms", db(float(np.sqrt(np.mean(levels ** 2)))), "dBFS", lowest=-23, highest=-18),
        Limit("peak", db(peak), "dBFS", highest=-3),
        Limit("noise_floor", db(_quietest(levels)), "dBFS", highest=-60),
        Limit("head", head * _FRAME_S, "s", lowest=0.5, highest=1),
        Limit("tail", tail * _FRAME_S, "s", lowest=1, highest=5),
        Limit("duration", frames.duration_s / 60, "min", highest=120),
        *_format_limits(frames)))


def _format_limits(frames: Frames) -> Iterator[Limit]:
    yield Limit("bit_rate", min(frames.bit_rates_bps) / 1000, "kbps", lowest=192)
    yield Limit("bit_rates", len(frames.bit_rates_bps), "", highest=1)  # constant
    yield Limit("sample_rate", frames.sample_rate_hz, "Hz", lowest=44_100, highest=44_100)
    yield Limit("channels", 1 if frames.mono else 2, "", highest=1)


def _quietest(levels: NDArray[np.float64]) -> float:
    """The RMS of the quietest half second, or of all of it when it is shorter."""
    energies = np.concatenate([np.zeros(1), np.cumsum(levels ** 2)])
    width = min(_FLOOR_FRAMES, len(levels))
    return float(np.sqrt(max(0.0, (energies[width:] - energies[:-width]).min() / width)))


def _measured(path: Path, sample_rate_hz: int) -> tuple[NDArray[np.float64], float]:
    """The RMS of each 10 ms, [n_frames], and the highest sample."""
    frame = round(_FRAME_S * sample_rate_hz)
    rest, peak, energies = np.zeros(0, np.float32), 0.0, []
    for pcm in _decoded(path):
        peak = max(peak, float(np.abs(pcm).max(initial=0)))
        sound = np.concatenate([rest, pcm])
        n_whole = len(sound) // frame * frame
        whole = sound[:n_whole].reshape(-1, frame)
        energies.append(np.einsum("fs,fs->f", whole, whole, dtype=np.float64))
        rest = sound[n_whole:]
    return np.sqrt(np.concatenate([np.zeros(0), *energies]) / frame), peak


def _decoded(path: Path) -> Iterator[Pcm]:
    """What a player gets to hear of an MP3 file, at its own rate."""
    with Ffmpeg(("-f", "mp3"), "-f", "f32le", "pipe:1", reads_output=True) as ffmpeg, path.open("rb") as file:
        rest = b""
        for sound in through(ffmpeg, iter(lambda: file.read(_READ_BYTES), b"")):
            sound = rest + sound
            n_whole = len(sound) // 4 * 4
            rest = sound[n_whole:]
            yield np.frombuffer(sound[:n_whole], "<f4")
