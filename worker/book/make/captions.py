"""Captions of a finished file."""

from collections.abc import Iterable
from pathlib import Path

from speechmill.captions.cues import Cue
from speechmill.captions.files import srt, vtt


def write_vtt(cues: Iterable[Cue], path: Path, language: str = "") -> None:
    _write(vtt(cues, language), path)


def write_srt(cues: Iterable[Cue], path: Path) -> None:
    _write(srt(cues), path)


def _write(lines: Iterable[str], path: Path) -> None:
    with path.open("w", encoding="utf-8", newline="\n") as file:
        file.writelines(lines)
