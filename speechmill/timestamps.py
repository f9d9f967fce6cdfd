"""When what is heard: a job's sentences and words, as workers write them down, and as clients get them.

Places are those of Unicode characters in the request's `input` after NFC normalisation; times are seconds in the file as players
show them.
"""

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from speechmill.captions.cues import Cue, Timed, cues_of

Timestamps = Literal["none", "sentence", "word"]
"""What a request asks for. Times of sentences there are in any case."""

TIMES_FIELD = "sentences"
"""Where they stand in a line of a job's manifest: those that begin in that segment."""


@dataclass(frozen=True, slots=True)
class WordTime:
    """input[first:last], which reads `text`. `estimated`: its place between its neighbours is by the length of its text."""

    text: str
    start_s: float
    end_s: float
    first: int
    last: int
    estimated: bool

    def fields(self) -> dict[str, Any]:
        return {"text": self.text, "start": self.start_s, "end": self.end_s, "characters": [self.first, self.last],
                "estimated": self.estimated}

    def record(self) -> list[Any]:
        """As it is kept; a long text has many."""
        return [self.text, self.start_s, self.end_s, self.first, self.last, int(self.estimated)]

    @classmethod
    def of_record(cls, record: Sequence[Any]) -> "WordTime":
        text, start_s, end_s, first, last, estimated = record
        return cls(text, start_s, end_s, first, last, bool(estimated))


@dataclass(frozen=True, slots=True)
class SentenceTime:
    """The same of a sentence, whose whitespace is squeezed. `estimated`: it begins or ends inside a take, at a pause that fits.
    `words` are None where the request did not ask for them."""

    text: str
    start_s: float
    end_s: float
    first: int
    last: int
    estimated: bool
    words: tuple[WordTime, ...] | None = None

    def fields(self) -> dict[str, Any]:
        words = {} if self.words is None else {"words": [word.fields() for word in self.words]}
        return {"text": self.text, "start": self.start_s, "end": self.end_s, "characters": [self.first, self.last],
                "estimated": self.estimated, **words}

    def record(self) -> list[Any]:
        words = [] if self.words is None else [[word.record() for word in self.words]]
        return [self.text, self.start_s, self.end_s, self.first, self.last, int(self.estimated), *words]

    @classmethod
    def of_record(cls, record: Sequence[Any]) -> "SentenceTime":
        text, start_s, end_s, first, last, estimated, *words = record
        own = tuple(map(WordTime.of_record, words[0])) if words else None
        return cls(text, start_s, end_s, first, last, bool(estimated), own)


def dumped(sentences: Sequence[SentenceTime]) -> str:
    """For the job store; empty where there are none."""
    records = [sentence.record() for sentence in sentences]
    return json.dumps(records, ensure_ascii=False, separators=(",", ":")) if records else ""


def timestamps_view(sentences: Iterable[SentenceTime], duration_s: float) -> dict[str, Any]:
    """The JSON that clients get."""
    told = [sentence.fields() for sentence in sentences]
    words = [word for fields in told for word in fields.pop("words", ())] if any("words" in fields for fields in told) else None
    return {"duration_seconds": duration_s, "sentences": told, "words": words}


def cues(sentences: Iterable[SentenceTime]) -> Iterator[Cue]:
    """Captions of them: a sentence is one, a long one several."""
    for sentence in sentences:
        words = [Timed(word.text, word.start_s, word.end_s) for word in sentence.words or ()]
        yield from cues_of(Timed(sentence.text, sentence.start_s, sentence.end_s), words)
