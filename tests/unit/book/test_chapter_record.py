"""A chapter is known again when nothing that it is made from has changed."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from speechmill.book import ChapterSpec
from worker.accepted import Accepted
from worker.book.chapter_record import ChapterRecord, chapter_key
from worker.book.make.chapter import make_chapter
from worker.book.make.preset import PRESETS
from worker.inputs import PlannedSegment

SPEC = ChapterSpec(model="tone", voice="low", language="en", number=3, track=2, tracks=9, title="Two")
SEGMENTS = [Accepted(PlannedSegment(0, 5, "Hello", "sentence"), {"key": "k1", "samples": 10}),
            Accepted(PlannedSegment(5, 9, "you.", "end"), {"key": "k2", "samples": 20})]


def test_the_key_is_the_same_for_the_same_and_whatever_the_segments_are_called() -> None:
    assert chapter_key(SPEC, SEGMENTS, b"") == chapter_key(SPEC.model_copy(update={"number": 4, "previous": "x"}), SEGMENTS, b"")


@pytest.mark.parametrize("change", [{"title": "Too"}, {"track": 3}, {"book_author": "A"}, {"formats": ("mp3",)},
                                    {"loudness": "acx"}])
def test_what_the_files_say_or_how_they_are_made_enters_the_key(change: dict[str, Any]) -> None:
    assert chapter_key(SPEC.model_copy(update=change), SEGMENTS, b"") != chapter_key(SPEC, SEGMENTS, b"")


def test_another_take_another_pause_or_another_cover_is_another_chapter() -> None:
    taken = [SEGMENTS[0], Accepted(SEGMENTS[1].segment, {"key": "k3", "samples": 20})]
    paused = [Accepted(PlannedSegment(0, 5, "Hello", "paragraph"), SEGMENTS[0].take), SEGMENTS[1]]
    keys = {chapter_key(SPEC, SEGMENTS, b""), chapter_key(SPEC, taken, b""), chapter_key(SPEC, paused, b""),
            chapter_key(SPEC, SEGMENTS, b"png")}
    assert len(keys) == 4


def test_a_record_comes_back_from_storage_as_it_was_with_its_files_elsewhere(tmp_path: Path) -> None:
    sound = 0.1 * np.sin(np.arange(24_000, dtype=np.float32) / 20)
    made = make_chapter([sound.astype(np.float32)], ("aac", "mp3"), PRESETS["default"], tmp_path)
    record = ChapterRecord.of("key", made)
    back = ChapterRecord.read(record.content(), tmp_path / "elsewhere")
    assert (back.key, back.n_samples, back.loudness) == ("key", 24_000, record.loudness)
    assert back.parts["part.aac"].path == tmp_path / "elsewhere/part.aac"
    assert back.parts["part.mp3"].duration_s == record.parts["part.mp3"].duration_s
