"""One segment's times: its sentences and words, counted from where its take begins."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from speechmill.captions.columns import columns
from worker.text.words import words_in
from worker.text.written import Original, Written
from worker.times.cuts import cut_points
from worker.times.pauses import pauses
from worker.voices.seam import SAMPLE_RATE_HZ, Pcm

WordTimes = Sequence[tuple[float, float] | None]
"""Start and end, seconds, of each of a spoken text's words (worker.text.words); None where nobody knows."""


@dataclass(frozen=True, slots=True)
class Said:
    """What a segment speaks, and how it was written. `ends_sentence`: its last sentence does not go on in the next segment."""

    spoken: str
    written: Written
    ends_sentence: bool = True

    @property
    def inner_ends(self) -> list[int]:
        """Where sentences end within it that others follow."""
        return [end for end in self.written.ends if self.spoken[end:].strip()]


@dataclass(frozen=True, slots=True)
class Cut:
    """One sentence ends here, and the next begins."""

    at_s: float
    estimated: bool


@dataclass(frozen=True, slots=True)
class Word:
    """A word as it was written, at source[first:last]."""

    text: str
    first: int
    last: int
    start_s: float
    end_s: float
    estimated: bool


def cuts_of(said: Said, pcm: Pcm, times: WordTimes | None = None) -> list[Cut]:
    """Where the sentences of a take, float32 [n_samples], end that others follow: between two words whose times are known, else
    in a pause of the take."""
    ends = said.inner_ends
    if not ends:
        return []
    if times and (known := _between_words(said, times)):
        return known
    bounds = [0, *ends, len(said.spoken)]
    weights = [_weight(said.spoken[begin:end]) for begin, end in pairwise(bounds)]
    return [Cut(at_s, estimated=True) for at_s in cut_points(weights, len(pcm) / SAMPLE_RATE_HZ, pauses(pcm))]


def written_words(said: Said, times: WordTimes | None, duration_s: float) -> list[Word]:
    """Words as the client wrote them: a number that was said in several words is one. Of those without times, the length of the
    text between the others decides. They never overlap, and lie within the take of `duration_s`."""
    original = Original(said.spoken, said.written)
    spoken = words_in(said.spoken)
    known = times if times is not None and len(times) == len(spoken) else [None] * len(spoken)
    groups = _grouped([original.of(start, end) for start, end in spoken], words_in(original.text))
    return list(_timed(original, groups, known, duration_s))


def _between_words(said: Said, times: WordTimes) -> list[Cut]:
    """Empty unless the words beside all the cuts have times."""
    words = words_in(said.spoken)
    if len(words) != len(times):
        return []
    cuts = []
    for end in said.inner_ends:
        n = sum(stop <= end for _, stop in words)
        before, after = times[n - 1] if n else None, times[n] if n < len(words) else None
        if before is None or after is None:
            return []
        cuts.append(Cut((before[1] + after[0]) / 2, estimated=False))
    return cuts


def _weight(text: str) -> float:
    """A Chinese or Japanese character takes as long as a few letters; so does the pause behind a sentence."""
    wide = columns(text) - len(text)
    return max(1.0, len(text) + 2.5 * max(0, wide)) + 3.0


@dataclass(frozen=True, slots=True)
class _Group:
    """text[start:end] of the original, and the numbers of the spoken words that say it."""

    start: int
    end: int
    spoken: tuple[int, ...]


def _grouped(spoken: Sequence[tuple[int, int]], written: Sequence[tuple[int, int]]) -> list[_Group]:
    """Whatever overlaps is one: a number and all that is said for it, two words and the one sound that stands for both."""
    groups: list[_Group] = []
    spans = sorted([*((start, end, n) for n, (start, end) in enumerate(spoken)), *((start, end, -1) for start, end in written)])
    for start, end, n in spans:
        own = (n,) if n >= 0 else ()
        if groups and start < groups[-1].end:
            last = groups.pop()
            groups.append(_Group(last.start, max(last.end, end), (*last.spoken, *own)))
        elif start < end:
            groups.append(_Group(start, end, own))
    return groups


def _timed(original: Original, groups: Sequence[_Group], times: WordTimes, duration_s: float) -> Iterator[Word]:
    known = [[time for n in group.spoken if (time := times[n])] for group in groups]
    at_s, n = 0.0, 0
    while n < len(groups):
        if known[n]:
            start_s = max(at_s, min(duration_s, known[n][0][0]))
            at_s = max(start_s, min(duration_s, known[n][-1][1]))
            yield _word(original, groups[n], start_s, at_s, estimated=False)
            n += 1
            continue
        stop = next((k for k in range(n, len(groups)) if known[k]), len(groups))
        until_s = max(at_s, known[stop][0][0]) if stop < len(groups) else duration_s
        share_s = (until_s - at_s) / sum(group.end - group.start for group in groups[n:stop])
        for group in groups[n:stop]:
            start_s, at_s = at_s, at_s + share_s * (group.end - group.start)
            yield _word(original, group, start_s, at_s, estimated=True)
        n = stop


def _word(original: Original, group: _Group, start_s: float, end_s: float, *, estimated: bool) -> Word:
    first, last = original.source(group.start, group.end)
    return Word(" ".join(original.text[group.start:group.end].split()), first, last, start_s, end_s, estimated)
