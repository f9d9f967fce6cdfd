"""Finished files: chapters where their speech begins, in every format, with everything that was said about the book."""

import subprocess
from dataclasses import replace
from pathlib import Path

import imageio_ffmpeg  # type: ignore[import-untyped]
import numpy as np
import pytest
import soundfile

from speechmill.errors import EncodingFailed
from tests.unit.audio.sound import decoded, header, n_adts_frames, speechlike
from tests.unit.book.make.finished import made_picture, onsets_s, picture, spoken_after_silence, told
from worker.book.content import Cover, Metadata
from worker.book.make.audio_file import NERO_CHAPTERS, PART_OF, AudioFile, ChapterPart, FileFormat, write_book, write_chapter
from worker.book.make.chapter import make_chapter
from worker.book.make.parts import Part
from worker.book.make.preset import ACX, DEFAULT, Preset
from worker.book.make.tags import Edition, Track
from worker.ffmpeg import find_ffmpeg
from worker.voices.seam import SAMPLE_RATE_HZ

FORMATS: tuple[FileFormat, ...] = ("m4b", "mp3", "opus", "flac", "wav")
MOST_OFF_S = 0.003
"""Of an onset after a lossy encoder; the promise is 0.020."""
SILENT = (0, 1111, 24_001, 7)
"""Samples of silence before each chapter's tone: frames never end where chapters do."""

METADATA = Metadata(title='Pride = "Prejudice"; # 1 \\ 2', authors=("Jane Austen", "Zoë 李"), language="en-GB", published="1813",
                    description="Two lines.\nThe second; one = 1.", publisher="T. Egerton")


@pytest.fixture(params=["on PATH", "of imageio-ffmpeg"])
def either_ffmpeg(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> str:
    if request.param != "on PATH":
        monkeypatch.setenv("PATH", str(tmp_path / "nothing"))
    return find_ffmpeg()


def chapters(folder: Path, format: FileFormat, preset: Preset = DEFAULT) -> list[ChapterPart]:
    """Each is a tone after its own silence, of its own length."""
    made = []
    for number, n_silent in enumerate(SILENT, 1):
        (folder / f"chapter-{number}").mkdir(parents=True)
        sound = spoken_after_silence(n_silent, 1.0 + number * 0.317)
        chapter = make_chapter([sound], (PART_OF[format],), preset, folder / f"chapter-{number}")
        made.append(ChapterPart(f"Chapter {number}", chapter.parts[0]))
    return made


def folder_of(folder: Path, seconds: float) -> Path:
    made = folder / f"{seconds:g}"
    made.mkdir()
    return made


def edition(cover: Cover | None = None) -> Edition:
    return Edition(METADATA, "A Narrator", cover)


def book(folder: Path, format: FileFormat, preset: Preset = DEFAULT, cover: Cover | None = None) -> AudioFile:
    return write_book(format, chapters(folder, format, preset), edition(cover), folder / f"book.{format}")


@pytest.mark.parametrize("format", FORMATS)
def test_chapters_begin_where_their_first_sample_is_heard(either_ffmpeg: str, tmp_path: Path, format: FileFormat) -> None:
    file = book(tmp_path, format)
    spoken_s = [start_s + n_silent / SAMPLE_RATE_HZ for start_s, n_silent in zip(file.starts_s, SILENT, strict=True)]
    assert onsets_s(decoded(file.path)) == pytest.approx(spoken_s, abs=MOST_OFF_S)


@pytest.mark.parametrize("preset", [DEFAULT, ACX])
@pytest.mark.parametrize("format", ["m4b", "mp3", "opus", "flac"])
def test_the_marks_in_the_file_say_so(either_ffmpeg: str, tmp_path: Path, format: FileFormat, preset: Preset) -> None:
    file = book(tmp_path, format, preset)
    marks = told(file.path).marks
    assert [mark.title for mark in marks] == ["Chapter 1", "Chapter 2", "Chapter 3", "Chapter 4"]
    # ffmpeg counts Opus from where its decoder starts, 6.5 ms early
    assert [mark.start_s for mark in marks] == pytest.approx(file.starts_s, abs=0.001 if format != "opus" else 0.0075)
    heard_s = [mark.start_s + n_silent / SAMPLE_RATE_HZ for mark, n_silent in zip(marks, SILENT, strict=True)]
    assert onsets_s(decoded(file.path)) == pytest.approx(heard_s, abs=0.020)
    assert [mark.end_s for mark in marks[:-1]] == pytest.approx([mark.start_s for mark in marks[1:]], abs=0.001)


def test_chapters_of_minutes_are_marked_where_they_begin(either_ffmpeg: str, tmp_path: Path) -> None:
    """ffmpeg 9 counts them in ticks of which 76 s are too many for a number of 31 bits."""
    made = [make_chapter([spoken_after_silence(0, seconds)], ("aac",), DEFAULT, folder_of(tmp_path, seconds))
            for seconds in (100.0, 3.0, 80.0)]
    parts = [ChapterPart(f"{n}", chapter.parts[0]) for n, chapter in enumerate(made)]
    file = write_book("m4b", parts, edition(), tmp_path / "book.m4b")
    marks = told(file.path).marks
    assert [mark.title for mark in marks] == ["0", "1", "2"]
    assert [mark.start_s for mark in marks] == pytest.approx(file.starts_s, abs=0.001)
    assert [mark.end_s for mark in marks] == pytest.approx([*file.starts_s[1:], file.duration_s], abs=0.001)


@pytest.mark.parametrize("format", FORMATS)
def test_a_book_is_as_long_as_it_says(tmp_path: Path, format: FileFormat) -> None:
    file = book(tmp_path, format)
    assert len(decoded(file.path)) / SAMPLE_RATE_HZ == pytest.approx(file.duration_s, abs=0.001 if format != "opus" else 0.020)
    assert header(file.path).duration_s == pytest.approx(file.duration_s, abs=0.05)
    assert file.n_bytes == file.path.stat().st_size


def test_an_m4b_begins_with_its_first_chapter_and_not_with_the_encoders_delay(tmp_path: Path) -> None:
    file = book(tmp_path, "m4b")
    assert file.starts_s[0] == 0.0
    assert onsets_s(decoded(file.path))[0] == pytest.approx(0.0, abs=MOST_OFF_S)


def test_an_m4b_holds_the_frames_of_its_parts_as_they_were_encoded(tmp_path: Path) -> None:
    parts = chapters(tmp_path, "m4b")
    file = write_book("m4b", parts, edition(), tmp_path / "book.m4b")
    n_samples = sum(n_adts_frames(chapter.part.path) for chapter in parts) * 1024
    assert file.duration_s == pytest.approx((n_samples - 1024) / SAMPLE_RATE_HZ)
    sound = file.path.read_bytes()
    assert all(adts_payload(chapter.part.path, 30) in sound for chapter in parts)


def test_an_m4b_can_be_played_before_it_is_loaded(tmp_path: Path) -> None:
    head = book(tmp_path, "m4b").path.read_bytes()
    assert head[4:12] == b"ftypM4B "
    assert head.index(b"moov") < head.index(b"mdat")


def test_an_m4b_has_both_kinds_of_chapters_and_says_that_it_is_an_audiobook(tmp_path: Path) -> None:
    head = book(tmp_path, "m4b").path.read_bytes()
    stik = head.index(b"stik")
    assert head[stik + 20] == 2
    assert b"chpl" in head
    assert b"chap" in head


def test_beyond_255_chapters_neros_list_ends_and_the_result_says_so(tmp_path: Path) -> None:
    part = chapters(tmp_path, "m4b")[0].part
    few, many = ([ChapterPart(f"Chapter {number}", part) for number in range(1, n + 1)]
                 for n in (NERO_CHAPTERS, NERO_CHAPTERS + 3))
    assert write_book("m4b", few, edition(), tmp_path / "few.m4b").notes == ()
    file = write_book("m4b", many, edition(), tmp_path / "many.m4b")
    assert file.notes == ("Players that read only Nero's list of chapters see 255 of 258.",)
    assert b"Chapter 258" in file.path.read_bytes()  # in the text track


@pytest.mark.parametrize("format", ["m4b", "mp3", "opus", "flac"])
def test_the_book_says_what_it_is(either_ffmpeg: str, tmp_path: Path, format: FileFormat) -> None:
    tags = told(book(tmp_path, format).path).tags
    if format == "opus":  # Ogg keeps them with the stream
        tags = {}
        text = (tmp_path / "book.opus").read_bytes()
        assert f"title={METADATA.title}".encode() in text
        assert "artist=Jane Austen, Zoë 李".encode() in text
        return
    assert tags["title"] == tags["album"] == METADATA.title
    assert tags["artist"] == "Jane Austen, Zoë 李"
    assert tags["composer"] == "A Narrator"
    assert tags["genre"] == "Audiobook"
    assert tags["date"] == "1813"
    assert METADATA.description in (tags.get("description"), tags.get("comment"))


def test_the_language_is_in_the_m4b(tmp_path: Path) -> None:
    assert b"(eng)" in told_streams(book(tmp_path, "m4b").path)


@pytest.mark.parametrize("format", ["m4b", "mp3", "flac", "opus"])
@pytest.mark.parametrize("suffix", ["jpeg", "png"])
def test_the_cover_is_the_very_picture_that_was_given(
        either_ffmpeg: str, tmp_path: Path, format: FileFormat, suffix: str) -> None:
    image = made_picture(suffix)
    file = book(tmp_path, format, cover=Cover(image, f"image/{suffix}"))
    assert file.notes == ()
    assert picture(file.path) == image


@pytest.mark.parametrize("cover", [Cover(b"no picture", "image/jpeg"), Cover(b"", "image/png"), Cover(b"<svg/>", "image/svg+xml"),
                                   Cover(b"\xff\xd8\xff\xe0" + bytes(50), "image/jpeg")])
def test_a_cover_that_is_none_is_left_out_and_the_book_is_made(tmp_path: Path, cover: Cover) -> None:
    file = book(tmp_path, "m4b", cover=cover)
    assert "cover is left out" in file.notes[0]
    assert len(told(file.path).marks) == len(SILENT)


@pytest.mark.parametrize("suffix", ["jpeg", "png"])
def test_so_is_one_that_unpacks_to_far_more_than_it_weighs(either_ffmpeg: str, tmp_path: Path, suffix: str) -> None:
    file = book(tmp_path, "m4b", cover=Cover(made_picture(suffix, "10000x5100"), f"image/{suffix}"))
    assert "cover is left out" in file.notes[0]


@pytest.mark.parametrize("format", FORMATS)
def test_a_chapter_has_a_file_of_its_own(either_ffmpeg: str, tmp_path: Path, format: FileFormat) -> None:
    part = chapters(tmp_path, format)[2]
    about = edition(Cover(made_picture("png"), "image/png"))
    file = write_chapter(format, part, Track(3, 4), about, tmp_path / f"chapter.{format}")
    assert onsets_s(decoded(file.path)) == pytest.approx([file.starts_s[0] + SILENT[2] / SAMPLE_RATE_HZ], abs=MOST_OFF_S)
    if format != "opus":
        tags = told(file.path).tags
        assert (tags["title"], tags["album"]) == ("Chapter 3", METADATA.title)
    if format not in ("opus", "wav"):
        assert tags["track"] == "3/4"
    assert told(file.path).marks == []


def test_lossless_books_hold_every_sample_of_their_chapters(tmp_path: Path) -> None:
    parts = chapters(tmp_path, "flac")
    samples = np.concatenate([soundfile.read(chapter.part.path, dtype="int16")[0] for chapter in parts])
    for format in ("flac", "wav"):
        file = write_book(format, parts, edition(), tmp_path / f"book.{format}")
        sound, rate_hz = soundfile.read(file.path, dtype="int16")
        assert rate_hz == SAMPLE_RATE_HZ
        np.testing.assert_array_equal(sound, samples)


def test_what_a_wav_file_cannot_hold_is_told(tmp_path: Path) -> None:
    file = book(tmp_path, "wav", cover=Cover(made_picture("png"), "image/png"))
    assert file.notes == ("WAV files have no place for a cover.", "WAV files have no place for chapters.")


def test_names_with_quotes_and_spaces_are_only_names(tmp_path: Path) -> None:
    folder = tmp_path / "it's a 'book'; %d"
    assert len(onsets_s(decoded(book(folder, "opus").path))) == len(SILENT)


def test_a_chapter_without_a_title_is_numbered(tmp_path: Path) -> None:
    parts = [replace(chapter, title="") for chapter in chapters(tmp_path, "m4b")]
    file = write_book("m4b", parts, edition(), tmp_path / "book.m4b")
    assert [mark.title for mark in told(file.path).marks] == ["1", "2", "3", "4"]


def test_a_book_that_says_nothing_of_itself_is_a_book(tmp_path: Path) -> None:
    file = write_book("m4b", chapters(tmp_path, "m4b"), Edition(Metadata()), tmp_path / "book.m4b")
    assert told(file.path).tags["genre"] == "Audiobook"


def test_parts_of_two_presets_do_not_make_one_mp3(tmp_path: Path) -> None:
    parts = [chapters(tmp_path / preset.name, "mp3", preset)[0] for preset in (DEFAULT, ACX)]
    with pytest.raises(EncodingFailed, match=r"Chapter 2 \(Chapter 1\) has 44100 Hz, the first one 24000 Hz"):
        write_book("mp3", parts, edition(), tmp_path / "book.mp3")


def test_parts_of_another_format_are_refused(tmp_path: Path) -> None:
    with pytest.raises(EncodingFailed, match=r"is mp3; m4b files are made of aac"):
        write_book("m4b", chapters(tmp_path, "mp3"), edition(), tmp_path / "book.m4b")


@pytest.mark.parametrize("format", FORMATS)
def test_a_part_that_is_gone_leaves_no_file(tmp_path: Path, format: FileFormat) -> None:
    parts = chapters(tmp_path, format)
    parts[2].part.path.unlink()
    with pytest.raises(EncodingFailed, match=r"Chapter 3 \(Chapter 3\): part\.\w+ is not there, or not whole"):
        write_book(format, parts, edition(), tmp_path / f"book.{format}")
    assert not [path for path in tmp_path.iterdir() if path.is_file() or path.name.startswith("label-")]


def test_a_part_that_was_cut_short_is_told(tmp_path: Path) -> None:
    parts = chapters(tmp_path, "m4b")
    parts[1].part.path.write_bytes(parts[1].part.path.read_bytes()[:-100])
    with pytest.raises(EncodingFailed, match=r"Chapter 2 .* not whole"):
        write_book("m4b", parts, edition(), tmp_path / "book.m4b")


def test_a_chapter_whose_part_is_gone_is_told_by_its_number(tmp_path: Path) -> None:
    part = chapters(tmp_path, "mp3")[2]
    part.part.path.unlink()
    with pytest.raises(EncodingFailed, match=r"Chapter 3 \(Chapter 3\): part\.mp3 is not there"):
        write_chapter("mp3", part, Track(3, 4), edition(), tmp_path / "chapter.mp3")


def test_a_book_needs_a_chapter(tmp_path: Path) -> None:
    with pytest.raises(EncodingFailed, match="no chapter"):
        write_book("m4b", [], edition(), tmp_path / "book.m4b")


def test_the_same_parts_give_the_same_bytes(tmp_path: Path) -> None:
    for format in FORMATS:
        parts = chapters(tmp_path / format, format)
        first, second = (write_book(format, parts, edition(), tmp_path / f"{name}.{format}") for name in ("first", "second"))
        assert first.path.read_bytes() == second.path.read_bytes()


def test_one_chapter_made_again_leaves_the_others_frames_as_they_were(tmp_path: Path) -> None:
    parts = chapters(tmp_path, "m4b")
    before = write_book("m4b", parts, edition(), tmp_path / "before.m4b")
    (tmp_path / "again").mkdir()
    again: Part = make_chapter([speechlike(2)], ("aac",), DEFAULT, tmp_path / "again").parts[0]
    after = write_book("m4b", [parts[0], ChapterPart("New", again), *parts[2:]], edition(), tmp_path / "after.m4b")
    shift_s = again.duration_s - parts[1].part.duration_s
    assert after.starts_s[2:] == pytest.approx([start_s + shift_s for start_s in before.starts_s[2:]])
    n_samples = round(before.starts_s[1] * SAMPLE_RATE_HZ) - 2048
    np.testing.assert_array_equal(decoded(after.path)[:n_samples], decoded(before.path)[:n_samples])


def adts_payload(path: Path, number: int) -> bytes:
    """A frame without its header of seven bytes."""
    sound, at = path.read_bytes(), 0
    for _ in range(number):
        at += (sound[at + 3] & 0x03) << 11 | sound[at + 4] << 3 | sound[at + 5] >> 5
    return sound[at + 7:at + ((sound[at + 3] & 0x03) << 11 | sound[at + 4] << 3 | sound[at + 5] >> 5)]


def told_streams(path: Path) -> bytes:
    return subprocess.run([imageio_ffmpeg.get_ffmpeg_exe(), "-hide_banner", "-i", str(path)],
                          capture_output=True, check=False).stderr
