"""The cues of a finished file, from its chapters' segments."""

from collections.abc import Iterator, Sequence

from speechmill.captions.cues import Cue, Timed, cues_of
from worker.book.make.spoken import SpokenChapter


def cues(chapters: Sequence[SpokenChapter], starts_s: Sequence[float]) -> Iterator[Cue]:
    """Of a whole file whose chapters begin at `starts_s` (AudioFile.starts_s). One for each segment with any text, several of a
    long one."""
    for chapter, begin_s in zip(chapters, starts_s, strict=True):
        for segment in chapter.segments:
            said = Timed(chapter.said(segment), begin_s + segment.start_s, begin_s + segment.end_s)
            yield from cues_of(said, speaker=segment.speaker)
