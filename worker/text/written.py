"""The way back from what is said to what was written: where in the source each part of a spoken text stands."""

import re
from bisect import bisect_right
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

_SPACES = re.compile(r"\s+")


@dataclass(frozen=True, slots=True)
class Place:
    """spoken[start:end] stands for source[first:last], which reads `original` (every run of whitespace in it one space)."""

    start: int
    end: int
    first: int
    last: int
    original: str


@dataclass(frozen=True, slots=True)
class Written:
    """How a spoken text was written: its first character stands at `start` of the source. `places`, in order, are where the two
    differ: numbers in words, whitespace squeezed; between them they go on side by side. Sentences end at `ends` of the spoken
    text."""

    start: int = 0
    places: tuple[Place, ...] = ()
    ends: tuple[int, ...] = ()

    def fields(self) -> dict[str, Any]:
        """For JSON; `of_fields` reads it."""
        places = [[place.start, place.end, place.first, place.last, place.original] for place in self.places]
        return {"start": self.start, **({"places": places} if places else {}), "ends": list(self.ends)}

    @classmethod
    def of_fields(cls, fields: Mapping[str, Any]) -> "Written":
        return cls(fields["start"], tuple(Place(*place) for place in fields.get("places", ())), tuple(fields["ends"]))

    def followed_by(self, n_spoken: int, end: int, glue: str, following: "Written") -> "Written":
        """Of two spoken texts with `glue` between them; the first has `n_spoken` characters and ends at `end` of the source."""
        begin = n_spoken + len(glue)
        between = () if len(glue) == following.start - end else (Place(n_spoken, begin, end, following.start, glue and " "),)
        after = tuple(replace(place, start=place.start + begin, end=place.end + begin) for place in following.places)
        return Written(self.start, (*self.places, *between, *after), (*self.ends, *(begin + at for at in following.ends)))


class Original:
    """A spoken text as it was written. `text` is the source, whitespace squeezed; its character i stands for
    source[spans[i][0]:spans[i][1]], all those of one place for the whole of it."""

    def __init__(self, spoken: str, written: Written) -> None:
        parts: list[str] = []
        self.spans: list[tuple[int, int]] = []
        self._start = written.start
        self._places = written.places
        self._begins: list[tuple[int, int]] = []   # of each place, in `text`
        at, source = 0, written.start
        for place in written.places:
            self._run_on(parts, spoken[at:place.start], source)
            self._begins.append((len(self.spans), len(self.spans) + len(place.original)))
            parts.append(place.original)
            self.spans += [(place.first, place.last)] * len(place.original)
            at, source = place.end, place.last
        self._run_on(parts, spoken[at:], source)
        self.text = "".join(parts)

    def _run_on(self, parts: list[str], text: str, source: int) -> None:
        parts.append(text)
        self.spans += [(source + k, source + k + 1) for k in range(len(text))]

    def of(self, start: int, end: int) -> tuple[int, int]:
        """Where in `text` spoken[start:end] is, which is not empty; a place as a whole."""
        return self._at(start, 0), self._at(end - 1, 1)

    def _at(self, spoken: int, side: int) -> int:
        """Where the spoken character begins in `text` (side 0), or ends (side 1)."""
        n = bisect_right(self._places, spoken, key=lambda place: place.start) - 1
        if n < 0:
            return spoken + side
        place, begin = self._places[n], self._begins[n]
        return begin[side] if spoken < place.end else begin[1] + spoken - place.end + side

    def source(self, start: int, end: int) -> tuple[int, int]:
        """Where text[start:end] stands in the source."""
        if start == end:
            at = self.spans[end - 1][1] if end else self._start
            return at, at
        return self.spans[start][0], self.spans[end - 1][1]


def as_said(text: str, start: int, parts: Iterable[tuple[int, int, str]], ends: Sequence[int]) -> Written:
    """Of a text from `start` of the source on, whose `parts` (normalise.edit.parts) are said, and whose sentences end at `ends`.
    A sentence's end that is within a place is none."""
    places: list[Place] = []
    at = 0
    for begin, stop, said in parts:
        if said != text[begin:stop]:
            # Only a space, which keeps it apart from an edit, or other words.
            n_said = len(said) - (stop - begin) if said.endswith(text[begin:stop]) else len(said)
            last = begin if n_said < len(said) else stop
            places.append(Place(at, at + n_said, start + begin, start + last, _SPACES.sub(" ", text[begin:last])))
        at += len(said)
    return Written(start, tuple(places), tuple(_spoken_ends(places, start, ends)))


def _spoken_ends(places: Sequence[Place], start: int, ends: Sequence[int]) -> Iterable[int]:
    for end in ends:
        source = start + end
        n = bisect_right(places, source, key=lambda place: place.last) - 1
        spoken = source - start if n < 0 else places[n].end + source - places[n].last
        following = places[n + 1] if n + 1 < len(places) else None
        if following is None or source <= following.first:
            yield spoken
