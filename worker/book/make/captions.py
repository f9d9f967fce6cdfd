"""Captions of a finished file: WebVTT (W3C) and SubRip."""

from collections.abc import Iterable
from pathlib import Path

from worker.book.make.cues import Cue

_SHORTEST_MS = 1


def write_vtt(cues: Iterable[Cue], path: Path, language: str = "") -> None:
    """A speaker who is named stands in a voice tag, which players may show by colour or not at all."""
    with path.open("w", encoding="utf-8", newline="\n") as file:
        file.write(f"WEBVTT\nLanguage: {_plain(language)}\n" if language else "WEBVTT\n")
        for number, cue in enumerate(cues, 1):
            start_ms, end_ms = _span_ms(cue)
            voice = f"<v {_vtt_text(_plain(cue.speaker))}>" if cue.speaker else ""
            file.write(f"\n{number}\n{_clock(start_ms, '.')} --> {_clock(end_ms, '.')}\n{voice}{_vtt_text(cue.text)}\n")


def write_srt(cues: Iterable[Cue], path: Path) -> None:
    """SubRip has no standard and no way to name a speaker; text is as it is."""
    with path.open("w", encoding="utf-8", newline="\n") as file:
        for number, cue in enumerate(cues, 1):
            start_ms, end_ms = _span_ms(cue)
            file.write(f"{number}\n{_clock(start_ms, ',')} --> {_clock(end_ms, ',')}\n{cue.text}\n\n")


def _span_ms(cue: Cue) -> tuple[int, int]:
    """A cue must end after it begins, however short its share of the time."""
    start_ms = round(cue.start_s * 1000)
    return start_ms, max(start_ms + _SHORTEST_MS, round(cue.end_s * 1000))


def _clock(time_ms: int, point: str) -> str:
    seconds, ms = divmod(time_ms, 1000)
    return f"{seconds // 3600:02}:{seconds // 60 % 60:02}:{seconds % 60:02}{point}{ms:03}"


def _vtt_text(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace("\0", "�")


def _plain(text: str) -> str:
    """On one line."""
    return " ".join(text.split())
