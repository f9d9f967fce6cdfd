"""A book as clients see it: what is left, what was found, what can be downloaded."""

from dataclasses import replace
from pathlib import Path

from speechmill.blobs.folder import FolderBlobs
from speechmill.book import BookSpec, Contents, ListedChapter, Source
from speechmill.book_view import ENCODED_PER_S, TITLE_CHARACTERS, book_view, chapter_completed_view
from speechmill.job import Job, JobClass, Output, OutputFile, Phase, SegmentCounts, Status
from speechmill.store.books import BookState, ChapterState
from speechmill.view import Viewpoint

SPEC = BookSpec(model="tone", voice="low", language="en", title="Asked", source=Source(sha256="0", name="b.txt", bytes=1))
BOOK = Job(id="book_1", tenant="local", status=Status.IN_PROGRESS, phase=Phase.PARTS, klass=JobClass.BATCH, model="tone",
           version=3, progress=10, characters=2000, segments=SegmentCounts(), attempts=1, spec=SPEC.model_dump(), created_ms=1000)
FILE = OutputFile(key="t/local/results/book_1.1/7.m4a", bytes=3, sha256="0", content_type="audio/mp4")
OUTPUT = Output(**FILE.model_dump(), duration_seconds=60.0, sample_rate=24_000, files={"m4a": FILE, "part.m4a": FILE})
OPEN = ChapterState(status=Status.IN_PROGRESS, phase=Phase.SPEAK, progress=50, characters=1000, segments=4, completed=2,
                    flagged=1, cached=1, attempts=3, output=None, error=None, text_key="")
DONE = replace(OPEN, status=Status.COMPLETED, progress=100, completed=4, cached=4, attempts=1, output=OUTPUT)
LISTED = tuple(ListedChapter(number=n, title=f"Chapter {n}", matter="body", track=n, characters=1000, seconds=70.0)
               for n in (1, 2))
CONTENTS = Contents(title="Found", authors=("Ann",), chapters=LISTED, characters=2000, words=400, seconds=140.0)


def here(folder: Path, now_s: float = 10.0) -> Viewpoint:
    return Viewpoint("https://speech.example", FolderBlobs(folder, "a secret of the test"), 60, now_s)


def state(*chapters: ChapterState, rate: float = 100.0) -> BookState:
    return BookState(CONTENTS, rate, chapters)


def test_what_is_left_is_spoken_at_the_rate_of_late_and_then_encoded(tmp_path: Path) -> None:
    view = book_view(BOOK, state(DONE, OPEN), here(tmp_path))
    assert view["eta_seconds"] == round(500 / 100 + 70 / ENCODED_PER_S, 1)


def test_without_a_rate_nobody_knows_when_it_ends_unless_all_is_spoken(tmp_path: Path) -> None:
    assert book_view(BOOK, state(DONE, OPEN, rate=0), here(tmp_path))["eta_seconds"] is None
    spoken = replace(OPEN, progress=99)
    assert book_view(BOOK, state(DONE, spoken, rate=0), here(tmp_path))["eta_seconds"] == round(70 / ENCODED_PER_S, 1)


def test_what_has_ended_and_what_was_not_read_has_no_eta(tmp_path: Path) -> None:
    for book, found in ((BOOK.model_copy(update={"status": Status.FAILED}), state(DONE, OPEN)), (BOOK, BookState(None, 9.0, ()))):
        assert book_view(book, found, here(tmp_path))["eta_seconds"] is None


def test_shares_counts_and_retries_are_those_of_all_chapters(tmp_path: Path) -> None:
    view = book_view(BOOK, state(DONE, OPEN), here(tmp_path))
    assert view["segments"] == {"total": 8, "completed": 6, "flagged": 2, "cached": 5}
    assert (view["cached_share"], view["retries"]) == (round(5 / 6, 4), 2)
    assert book_view(BOOK, BookState(None, 0.0, ()), here(tmp_path))["cached_share"] is None


def test_until_it_is_read_a_book_is_called_as_its_client_called_it(tmp_path: Path) -> None:
    assert book_view(BOOK, BookState(None, 0.0, ()), here(tmp_path))["title"] == "Asked"
    assert book_view(BOOK, state(), here(tmp_path))["title"] == "Found"


def test_only_what_is_meant_for_clients_can_be_downloaded_and_only_while_it_is_kept(tmp_path: Path) -> None:
    first, second = book_view(BOOK, state(DONE, OPEN), here(tmp_path))["chapters"]
    assert first["files"] == {"m4a": "https://speech.example/v1/audio/books/book_1/chapters/1/content?format=m4a"}
    assert second["files"] == {}
    expired = book_view(BOOK.model_copy(update={"expires_ms": 9000}), state(DONE, OPEN), here(tmp_path))
    assert expired["chapters"][0]["files"] == {}


def test_a_title_is_never_longer_than_is_shown(tmp_path: Path) -> None:
    long = BookState(CONTENTS.model_copy(update={"title": "x" * 5000}), 0.0, (DONE, OPEN))
    assert len(book_view(BOOK, long, here(tmp_path))["title"]) == TITLE_CHARACTERS
    assert len(chapter_completed_view(BOOK, long, 2, here(tmp_path))["title"]) == TITLE_CHARACTERS


def test_a_chapter_is_told_of_with_its_book(tmp_path: Path) -> None:
    told = chapter_completed_view(BOOK, state(DONE, OPEN), 1, here(tmp_path))
    assert (told["book"], told["title"], told["chapter"]["number"]) == ("book_1", "Found", 1)
    assert told["chapter"]["duration_seconds"] == 60.0
