"""Caption files, line by line: WebVTT (W3C) and SubRip."""

from collections.abc import Iterable, Iterator

from speechmill.captions.cues import Cue
from speechmill.captions.pieces import lines

_SHORTEST_MS = 1


def vtt(cues: Iterable[Cue], language: str = "") -> Iterator[str]:
    """A speaker who is named stands in a voice tag, which players may show by colour or not at all."""
    yield f"WEBVTT\nLanguage: {_plain(language)}\n" if language else "WEBVTT\n"
    for number, cue in enumerate(cues, 1):
        start_ms, end_ms = _span_ms(cue)
        voice = f"<v {_vtt_text(_plain(cue.speaker))}>" if cue.speaker else ""
        text = "\n".join(map(_vtt_text, lines(cue.text)))
        yield f"\n{number}\n{_clock(start_ms, '.')} --> {_clock(end_ms, '.')}\n{voice}{text}\n"


def srt(cues: Iterable[Cue]) -> Iterator[str]:
    """SubRip has no standard and no way to name a speaker; text is as it is."""
    for number, cue in enumerate(cues, 1):
        start_ms, end_ms = _span_ms(cue)
        text = "\n".join(lines(cue.text))
        yield f"{number}\n{_clock(start_ms, ',')} --> {_clock(end_ms, ',')}\n{text}\n\n"


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
