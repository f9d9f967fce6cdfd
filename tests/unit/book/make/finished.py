"""How to look at finished files: what an ffmpeg says of them, and where in them something sounds."""

import itertools
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import imageio_ffmpeg  # type: ignore[import-untyped]
import numpy as np

from tests.unit.audio.sound import silence, tone
from worker.voices.seam import SAMPLE_RATE_HZ, Pcm


@dataclass(frozen=True)
class ChapterMark:
    title: str
    start_s: float
    end_s: float


@dataclass
class Told:
    tags: dict[str, str] = field(default_factory=dict)
    marks: list[ChapterMark] = field(default_factory=list)


def told(path: Path) -> Told:
    """Tags and chapters, as ffmpeg writes them out ("Metadata 2")."""
    text = _ffmpeg(path, "-f", "ffmetadata", "-").decode()
    sections = [_pairs(section) for section in _sections(text)]
    result = Told({name.lower(): value for name, value in sections[0].items()})
    for section in sections[1:]:
        if "START" in section:
            up, down = map(int, section["TIMEBASE"].split("/"))
            result.marks.append(ChapterMark(section.get("title", ""), int(section["START"]) * up / down,
                                            int(section["END"]) * up / down))
    return result


def spoken_after_silence(n_silent: int, duration_s: float) -> Pcm:
    """Silence, and then a tone that begins at once."""
    return np.concatenate([np.zeros(n_silent, np.float32), tone(duration_s, hz=1000), silence(0.3)])


def onsets_s(pcm: Pcm, rate_hz: int = SAMPLE_RATE_HZ) -> list[float]:
    """Where sound begins after at least 0.2 s without."""
    loud = np.flatnonzero(np.abs(pcm) > 0.05)
    firsts = [loud[0], *(after for before, after in itertools.pairwise(loud) if after - before > 0.2 * rate_hz)]
    return [float(first) / rate_hz for first in firsts]


def picture(path: Path) -> bytes:
    """The cover, as it lies in the file."""
    return _ffmpeg(path, "-map", "0:v", "-c", "copy", "-f", "image2pipe", "-")


def made_picture(suffix: str, size: str = "64x64") -> bytes:
    return bytes(subprocess.run([imageio_ffmpeg.get_ffmpeg_exe(), "-v", "error", "-f", "lavfi", "-i", f"color=red:s={size}",
                                 "-frames:v", "1", "-c:v", {"jpeg": "mjpeg", "png": "png"}[suffix], "-f", "image2pipe", "-"],
                                capture_output=True, check=True).stdout)


def _ffmpeg(path: Path, *arguments: str) -> bytes:
    return bytes(subprocess.run([imageio_ffmpeg.get_ffmpeg_exe(), "-v", "error", "-i", str(path), *arguments],
                                capture_output=True, check=True).stdout)


def _sections(text: str) -> Sequence[Sequence[str]]:
    sections: list[list[str]] = [[]]
    for line in _unescaped_lines(text):
        if line in ("[CHAPTER]", "[STREAM]"):
            sections.append([])
        else:
            sections[-1].append(line)
    return sections


def _unescaped_lines(text: str) -> Sequence[str]:
    """Lines with what was escaped in them as it was meant; "=" stays escaped, for `_pairs`."""
    lines, line, at = [], "", 0
    while at < len(text):
        if text[at] == "\\":
            line += "\0=" if text[at + 1] == "=" else text[at + 1]
            at += 2
        elif text[at] == "\n":
            lines.append(line)
            line, at = "", at + 1
        else:
            line, at = line + text[at], at + 1
    return [*lines, line]


def _pairs(lines: Sequence[str]) -> Mapping[str, str]:
    pairs = {}
    for line in lines:
        name, equals, value = line.replace("\0=", "\0").partition("=")
        if equals:
            pairs[name.replace("\0", "=")] = value.replace("\0", "=")
    return pairs
