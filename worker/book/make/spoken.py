"""What was spoken, and when: the text of each chapter, its segments, and where they lie in the sound."""

from dataclasses import dataclass


@dataclass(frozen=True)
class SpokenSegment:
    """text[start:end] of its chapter was spoken by `speaker`, from `start_s` to `end_s` of the chapter's master."""

    start: int
    end: int
    start_s: float
    end_s: float
    speaker: str = ""
    flags: tuple[str, ...] = ()


@dataclass(frozen=True)
class SpokenChapter:
    """The spans of `segments` tile `text`."""

    title: str
    text: str
    segments: tuple[SpokenSegment, ...]

    def said(self, segment: SpokenSegment) -> str:
        """The source text of a segment, every run of whitespace one space."""
        return " ".join(self.text[segment.start:segment.end].split())
