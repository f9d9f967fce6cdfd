"""`speechmill book plan`, list, show, cancel, retry, regenerate, rerender, download."""

import json
from pathlib import Path

from tests.unit.cli.book.book_server import running_book_server, sound_of
from tests.unit.cli.book.command import book


def test_a_plan_lists_every_chapter_and_what_is_left_out_and_why(whale: Path) -> None:
    with running_book_server() as server:
        done = book("plan", whale, "--url", server.url, "--chapters", "2-4")
        assert server.forms[0].fields == {"include": "2-4", "dry_run": "true"}
    assert done.returncode == 0, done.stderr
    title, _, head, etymology, loomings, *_, total, warning = done.stdout.splitlines()
    assert title == "The Whale, by Herman Melville"
    assert head.split() == ["NUMBER", "PART", "SPOKEN", "WORDS", "CHARACTERS", "SEGMENTS", "TIME", "WHY", "TITLE"]
    assert etymology.split() == ["1", "front", "no", "20", "100", "1:30", "marked", "as", "front", "matter", "Etymology"]
    assert loomings.split() == ["2", "body", "yes", "20", "100", "4", "1:30", "Loomings"]
    assert total == "3 of 4 chapters, 60 words, 300 characters, 12 segments, about 2 h 02 min of speech"
    assert warning == "warning: plate.jpg could not be read."


def test_a_plan_as_json_is_the_book_object(whale: Path) -> None:
    with running_book_server() as server:
        done = book("plan", whale, "--url", server.url, "--json")
    assert [chapter["number"] for chapter in json.loads(done.stdout)["chapters"]] == [1, 2, 3, 4]


def test_a_file_that_cannot_be_planned_is_told_with_its_reason(whale: Path) -> None:
    with running_book_server(fails_with="META-INF/encryption.xml: the book is encrypted.") as server:
        done = book("plan", whale, "--url", server.url)
    assert done.returncode == 1
    assert done.stderr == "speechmill: book_1 has failed: META-INF/encryption.xml: the book is encrypted.\n"


def test_a_list_is_a_table_and_says_how_to_go_on(whale: Path, tmp_path: Path) -> None:
    with running_book_server() as server:
        book(whale, "-o", tmp_path / "a.m4b", "--url", server.url)
        done = book("list", "--url", server.url, "--limit", "1")
    head, row = done.stdout.splitlines()
    assert head.split() == ["BOOK", "STATUS", "DONE", "REVISION", "FORMATS", "CREATED", "TITLE"]
    assert row.split()[:6] == ["book_1", "completed", "100", "%", "1", "m4b"]
    assert row.endswith("The Whale")
    assert done.stderr == "More: --after book_1\n"


def test_a_book_is_shown_with_its_chapters_and_all_that_is_flagged(whale: Path, tmp_path: Path) -> None:
    with running_book_server(flagged=((2, 0), (4, 3))) as server:
        book(whale, "-o", tmp_path / "a.m4b", "--url", server.url)
        done = book("show", "book_1", "--url", server.url)
    lines = [" ".join(line.split()) for line in done.stdout.splitlines()]
    assert "progress 100 %, completed, 2 flagged, 25% found, not spoken, 1 spoken again" in lines
    assert "2 completed 100 % 4 1 1 1:31 Loomings" in lines
    assert "flagged: chapter 2, segment 0, at 1:05 of it: too_long: Call me 0.\n" in done.stderr
    assert f"speechmill book regenerate book_1 4 3 --url {server.url}\n" in done.stderr


def test_a_book_that_does_not_exist_is_not_found() -> None:
    with running_book_server() as server:
        done = book("show", "book_7", "--url", server.url)
    assert (done.returncode, done.stderr) == (3, "speechmill: There is no book book_7.\n")


def test_a_book_can_be_given_up(whale: Path, tmp_path: Path) -> None:
    with running_book_server() as server:
        book(whale, "-o", tmp_path / "a.m4b", "--url", server.url)
        done = book("cancel", "book_1", "--url", server.url)
    assert done.stdout == "book_1  cancelled\n"


def test_a_segment_is_spoken_again_and_the_new_revision_written(whale: Path, tmp_path: Path) -> None:
    with running_book_server() as server:
        book(whale, "-o", tmp_path / "a.m4b", "--url", server.url)
        (tmp_path / "a.m4b").unlink()
        done = book("regenerate", "book_1", "3", "2", "-o", tmp_path / "a.m4b", "--json", "--url", server.url)
        assert "/v1/audio/books/book_1/chapters/3/segments/2/regenerate" in server.paths("POST")
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "a.m4b").read_bytes() == sound_of("m4b")
    assert json.loads(done.stdout)["revises"] == "book_1"


def test_a_file_of_a_format_that_the_book_has_not_is_refused_before_anything_is_spoken(whale: Path, tmp_path: Path) -> None:
    with running_book_server() as server:
        book(whale, "-o", tmp_path / "a.m4b", "--url", server.url)
        done = book("regenerate", "book_1", "3", "2", "-o", tmp_path / "a.mp3", "--url", server.url)
        assert list(server.books) == ["book_1"]
    assert done.returncode == 2
    assert "the book comes as m4b" in done.stderr


def test_without_a_file_to_write_nobody_waits_for_the_new_revision(whale: Path, tmp_path: Path) -> None:
    edited = tmp_path / "chapter3.txt"
    edited.write_text("The Carpet-Bag\n\nI stuffed a shirt.", "utf-8")
    lexicon = tmp_path / "names.json"
    lexicon.write_text('{"Ahab": "ay hab"}', "utf-8")
    with running_book_server() as server:
        book(whale, "-o", tmp_path / "a.m4b", "--url", server.url)
        done = book("rerender", "book_1", "--voice", "alloy", "--lexicon", lexicon, "--edit", f"3={edited}", "--url", server.url)
        [sent] = [asked.body for asked in server.asked if asked.path.endswith("/rerender")]
        assert server.books["book_2"].status == "queued"
    assert json.loads(sent) == {"voice": "alloy", "lexicon": {"Ahab": "ay hab"},
                                "edits": {"3": "The Carpet-Bag\n\nI stuffed a shirt."}}
    assert f"speechmill book download book_2 -o FILE --url {server.url}\n" in done.stderr


def test_a_failed_book_is_tried_again_and_written(whale: Path, tmp_path: Path) -> None:
    with running_book_server(fails_with="The voice broke.") as server:
        book(whale, "-o", tmp_path / "a.m4b", "--url", server.url)
        server.fails_with = ""
        done = book("retry", "book_1", "-o", tmp_path / "a.m4b", "--url", server.url)
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "a.m4b").read_bytes() == sound_of("m4b")


def test_the_subtitles_of_a_book_come_with_it(whale: Path, tmp_path: Path) -> None:
    with running_book_server() as server:
        book(whale, "-o", tmp_path / "a.m4b", "--url", server.url)
        done = book("download", "book_1", "-o", tmp_path / "b.vtt", "--format", "vtt,manifest", "--chapters-to",
                    tmp_path / "parts", "--url", server.url)
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "b.vtt").read_bytes() == sound_of("vtt")
    assert (tmp_path / "b.json").read_bytes() == sound_of("manifest")
    assert len(list((tmp_path / "parts").iterdir())) == 3


def test_without_a_server_a_list_says_where_it_looked(tmp_path: Path) -> None:
    done = book("list", "--data", tmp_path / "data")
    assert done.returncode == 4
    assert f"no server runs and none ever ran on {tmp_path / 'data'}. --data names the folder" in done.stderr
    assert not (tmp_path / "data").exists()


def test_the_server_of_a_data_folder_is_found(whale: Path, tmp_path: Path) -> None:
    from speechmill.cli.stack.folder import DataFolder, Running

    data = tmp_path / "data"
    data.mkdir()
    with running_book_server() as server:
        DataFolder(data).note(Running(1, server.url, "redis://"))
        done = book(whale, "-o", tmp_path / "a.m4b", "--data", data)
    assert done.returncode == 0, done.stderr
    assert "started Redis" not in done.stderr
