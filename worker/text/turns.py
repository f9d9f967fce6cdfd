"""Who speaks where: a text's castings, as turns that tile it."""

from bisect import bisect_right
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Protocol

NARRATOR = ""


class Cast(Protocol):
    """text[start:end] is spoken by `speaker`."""

    @property
    def start(self) -> int: ...
    @property
    def end(self) -> int: ...
    @property
    def speaker(self) -> str: ...


@dataclass(frozen=True, slots=True)
class Turn:
    start: int
    end: int
    speaker: str


class Turns:
    """`castings` are in order and do not overlap (ValueError); what none of them covers is the narrator's."""

    def __init__(self, castings: Iterable[Cast]) -> None:
        self._castings = [casting for casting in castings if casting.start < casting.end]
        for before, after in zip(self._castings, self._castings[1:], strict=False):
            if after.start < before.end:
                raise ValueError(f"The castings at {before.start} and {after.start} overlap or are out of order.")
        self._starts = [casting.start for casting in self._castings]

    def within(self, text: str, start: int, end: int) -> Iterator[Turn]:
        """The turns in text[start:end], without those of whitespace alone: whoever spoke before and after goes on."""
        held: Turn | None = None
        for turn in self._tiles(start, end):
            if text[turn.start:turn.end].isspace():
                continue
            if held and held.speaker == turn.speaker:
                held = Turn(held.start, turn.end, held.speaker)
                continue
            if held:
                yield held
            held = turn
        if held:
            yield held

    def _tiles(self, start: int, end: int) -> Iterator[Turn]:
        at = start
        n = max(0, bisect_right(self._starts, start) - 1)
        while at < end and n < len(self._castings):
            casting = self._castings[n]
            n += 1
            if casting.end <= at:
                continue
            if casting.start >= end:
                break
            if at < casting.start:
                yield Turn(at, casting.start, NARRATOR)
                at = casting.start
            yield Turn(at, min(end, casting.end), casting.speaker)
            at = min(end, casting.end)
        if at < end:
            yield Turn(at, end, NARRATOR)
