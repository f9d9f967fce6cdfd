"""A chapter's overlay: which span lights up while which part of its audio file plays (SMIL, as EPUB 3.3 §9.2 profiles it)."""

from collections.abc import Sequence

from worker.book.make.read_along.page import ReadPiece

_SHORTEST_S = 0.001


def overlay(page_name: str, audio_name: str, read: Sequence[ReadPiece], start_s: float) -> str:
    """Names are paths from the overlay's folder. `start_s` is where in the audio file the chapter's master begins."""
    pars = "".join(_par(page_name, audio_name, piece, start_s) for piece in read)
    return f"""<?xml version="1.0" encoding="utf-8"?>
<smil xmlns="http://www.w3.org/ns/SMIL" xmlns:epub="http://www.idpf.org/2007/ops" version="3.0">
<body>
<seq id="chapter" epub:textref="{page_name}" epub:type="chapter">
{pars}</seq>
</body>
</smil>
"""


def duration_s(read: Sequence[ReadPiece]) -> float:
    """How long the overlay plays."""
    return sum(max(_SHORTEST_S, piece.end_s - piece.start_s) for piece in read)


def clock(time_s: float) -> str:
    """A clock value (SMIL 3.0, §5.4.1) to the millisecond."""
    ms = round(time_s * 1000)
    return f"{ms // 3_600_000}:{ms // 60_000 % 60:02}:{ms // 1000 % 60:02}.{ms % 1000:03}"


def _par(page_name: str, audio_name: str, piece: ReadPiece, start_s: float) -> str:
    begin_s = start_s + piece.start_s
    end_s = max(start_s + piece.end_s, begin_s + _SHORTEST_S)
    return (f'<par id="p-{piece.id}"><text src="{page_name}#{piece.id}"/>'
            f'<audio src="{audio_name}" clipBegin="{clock(begin_s)}" clipEnd="{clock(end_s)}"/></par>\n')
