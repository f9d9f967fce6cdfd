"""Books of different makers come out as the chapters that their readers see, every word once."""

from pathlib import Path

import pytest

from tests.books import Sample, all_samples
from worker.book.read.book import read_book

SAMPLES = all_samples()


@pytest.mark.parametrize("sample", SAMPLES, ids=[sample.name for sample in SAMPLES])
class TestEpubOf:
    def test_its_chapters_have_their_titles_and_exact_texts(self, sample: Sample, tmp_path: Path) -> None:
        book = read_book(_file(sample, tmp_path))
        assert [(chapter.title, chapter.text) for chapter in book.chapters if chapter.include] == list(sample.chapters)

    def test_what_is_no_part_of_the_story_is_listed_with_its_text_and_a_reason(self, sample: Sample, tmp_path: Path) -> None:
        left_out = [chapter for chapter in read_book(_file(sample, tmp_path)).chapters if not chapter.include]
        assert [chapter.title for chapter in left_out] == list(sample.left_out)
        assert all(chapter.text and chapter.reason and chapter.matter != "body" for chapter in left_out)

    def test_notes_page_numbers_captions_and_licences_are_not_read_out(self, sample: Sample, tmp_path: Path) -> None:
        said = {word.strip(".,“”") for chapter in read_book(_file(sample, tmp_path)).chapters if chapter.include
                for word in chapter.text.split()}
        assert said.isdisjoint(sample.unsaid)

    def test_its_metadata_and_cover_are_kept(self, sample: Sample, tmp_path: Path) -> None:
        book = read_book(_file(sample, tmp_path))
        assert (book.metadata.title, book.metadata.authors, book.metadata.language) == (sample.title, sample.authors,
                                                                                        sample.language)
        assert (book.cover is not None) == sample.has_cover

    def test_it_warns_of_what_is_wrong_with_it_and_of_nothing_else(self, sample: Sample, tmp_path: Path) -> None:
        warnings = sorted(read_book(_file(sample, tmp_path)).warnings)
        assert [warning.startswith(begin) for warning, begin in zip(warnings, sorted(sample.warnings),
                                                                    strict=True)] == [True] * len(warnings)


def _file(sample: Sample, folder: Path) -> Path:
    path = folder / "book.epub"
    path.write_bytes(sample.data)
    return path
