"""`speechmill book FILE`: sent once, followed, written whole; gone on with after whatever stopped it."""

import json
import signal
import subprocess
from pathlib import Path

import pytest

from tests.services.program import free_port
from tests.unit.cli.book.book_server import TITLES, running_book_server, sound_of
from tests.unit.cli.book.command import book, command, environment, until


def test_the_book_is_sent_and_written_and_each_chapter_is_told(whale: Path, tmp_path: Path) -> None:
    target = tmp_path / "whale.m4b"
    with running_book_server() as server:
        done = book(whale, "-o", target, "--url", server.url)
        form = server.forms[0]
    assert done.returncode == 0, done.stderr
    assert target.read_bytes() == sound_of("m4b")
    assert (form.file_name, form.content) == ("whale.md", whale.read_bytes())
    assert form.fields == {"formats": '["m4b"]'}
    assert done.stdout == ""
    for title in TITLES:
        assert f"{title}: 1:31, 4 segments, 25% found, not spoken\n" in done.stderr
    assert f"{target}: 4:33 of speech, 0.0 MB\n" in done.stderr
    assert "warning: plate.jpg could not be read.\n" in done.stderr
    assert sorted(tmp_path.iterdir()) == [target, whale]


def test_options_are_the_fields_of_the_form(whale: Path, tmp_path: Path) -> None:
    lexicon = tmp_path / "names.csv"
    lexicon.write_text("Queequeg,kwee kweg\n", "utf-8")
    with running_book_server() as server:
        done = book(whale, "-o", tmp_path / "whale.mp3", "--url", server.url, "--voice", "alloy", "--model", "tone",
                    "--language", "en", "--lexicon", lexicon, "--cast", "anna=serena", "--cast", "Ahab = low",
                    "--chapters", "2-5,7", "--loudness", "acx", "--title", "1984", "--author", "H. M.", "--seed", "0",
                    "--format", "mp3, m4b")
        fields = server.forms[0].fields
    assert done.returncode == 0, done.stderr
    assert json.loads(fields.pop("cast")) == {"anna": {"voice": "serena"}, "Ahab": {"voice": "low"}}
    assert json.loads(fields.pop("formats")) == ["mp3", "m4b"]
    assert fields == {"voice": "alloy", "model": "tone", "language": "en", "lexicon": "Queequeg,kwee kweg\n", "include": "2-5,7",
                      "loudness": "acx", "title": "1984", "author": "H. M.", "seed": "0"}


def test_several_formats_lie_beside_each_other(whale: Path, tmp_path: Path) -> None:
    with running_book_server() as server:
        done = book(whale, "-o", tmp_path / "out.m4b", "--format", "m4b,mp3,epub", "--url", server.url)
    assert done.returncode == 0, done.stderr
    for format in ("m4b", "mp3", "epub"):
        assert (tmp_path / f"out.{format}").read_bytes() == sound_of(format)


def test_json_is_the_book_on_stdout_and_nothing_else(whale: Path, tmp_path: Path) -> None:
    with running_book_server() as server:
        done = book(whale, "-o", tmp_path / "whale.m4b", "--url", server.url, "--json")
    assert json.loads(done.stdout)["status"] == "completed"


def test_the_same_command_again_is_the_same_book_and_a_changed_file_or_option_another(whale: Path, tmp_path: Path) -> None:
    target = tmp_path / "whale.m4b"
    with running_book_server() as server:
        book(whale, "-o", target, "--url", server.url)
        again = book(whale, "-o", tmp_path / "elsewhere.m4b", "--url", server.url)
        book(whale, "-o", target, "--url", server.url, "--voice", "alloy")
        whale.write_text("# Loomings\n\nCall me Ahab.\n", "utf-8")
        book(whale, "-o", target, "--url", server.url)
        first, second, voiced, changed = (form.key for form in server.forms)
        assert len(server.books) == 3
    assert first == second
    assert len({first, voiced, changed}) == 3
    assert "going on with book_1, which was sent before\n" in again.stderr
    assert (tmp_path / "elsewhere.m4b").read_bytes() == sound_of("m4b")


def test_a_book_that_was_given_up_is_made_anew(whale: Path, tmp_path: Path) -> None:
    with running_book_server() as server:
        book(whale, "-o", tmp_path / "whale.m4b", "--url", server.url)
        server.books["book_1"].status = "cancelled"
        again = book(whale, "-o", tmp_path / "whale.m4b", "--url", server.url)
        assert list(server.books) == ["book_1", "book_2"]
    assert again.returncode == 0
    assert "going on" not in again.stderr


def test_a_book_that_failed_is_tried_again(whale: Path, tmp_path: Path) -> None:
    with running_book_server(fails_with="The voice broke.") as server:
        failed = book(whale, "-o", tmp_path / "whale.m4b", "--url", server.url)
        server.fails_with = ""
        again = book(whale, "-o", tmp_path / "whale.m4b", "--url", server.url)
        assert "/v1/audio/books/book_1/retry" in server.paths("POST")
    assert failed.returncode == 1
    assert "book_1 has failed: The voice broke." in failed.stderr
    assert again.returncode == 0, again.stderr


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_ctrl_c_leaves_the_book_running_and_says_how_to_go_on(whale: Path, tmp_path: Path, number: int) -> None:
    target = tmp_path / "whale.m4b"
    arguments = (whale, "-o", target, "--chapters-to", tmp_path / "parts")
    with running_book_server(open_chapters=2) as server:
        client = subprocess.Popen(command(*arguments, "--url", server.url), env=environment(), stderr=subprocess.PIPE, text=True)
        until(lambda: len(list((tmp_path / "parts").glob("*.m4a"))) == 2)
        client.send_signal(number)
        _, told = client.communicate(timeout=30)
        assert [path for path in server.paths("POST") if path != "/v1/audio/books"] == []
        server.open_chapters = 9
        again = book(*arguments, "--url", server.url)
    assert client.returncode == 6
    assert f"interrupted; book_1 goes on at {server.url}" in told
    assert f"speechmill book download book_1 -o {target} --chapters-to {tmp_path / 'parts'} --url {server.url}\n" in told
    assert "speechmill book cancel book_1" in told
    assert again.returncode == 0, again.stderr
    assert target.read_bytes() == sound_of("m4b")


def test_each_chapter_is_written_as_soon_as_it_is_done(whale: Path, tmp_path: Path) -> None:
    parts = tmp_path / "parts"
    with running_book_server(open_chapters=1) as server:
        client = subprocess.Popen(command(whale, "-o", tmp_path / "whale.m4b", "--chapters-to", parts, "--url", server.url),
                                  env=environment(), stderr=subprocess.PIPE)
        until(lambda: parts.is_dir() and [file.name for file in parts.iterdir()] == ["02 Loomings.m4a"])
        assert not (tmp_path / "whale.m4b").exists()
        server.open_chapters = 9
        client.communicate(timeout=30)
    assert client.returncode == 0
    assert sorted(file.name for file in parts.iterdir()) == ["02 Loomings.m4a", "03 The Carpet-Bag.m4a", "04 The Spouter-Inn.m4a"]
    assert (parts / "03 The Carpet-Bag.m4a").read_bytes() == sound_of("chapters/3/m4a")


def test_a_chapter_whose_download_broke_off_is_fetched_again(whale: Path, tmp_path: Path) -> None:
    parts = tmp_path / "parts"
    with running_book_server(cuts=4) as server:
        done = book(whale, "-o", tmp_path / "whale.m4b", "--chapters-to", parts, "--url", server.url)
    assert done.returncode == 0, done.stderr
    assert sorted(file.name for file in parts.iterdir()) == ["02 Loomings.m4a", "03 The Carpet-Bag.m4a", "04 The Spouter-Inn.m4a"]
    assert {file.stat().st_size for file in parts.iterdir()} == {len(sound_of("chapters/3/m4a"))}


def test_a_file_that_comes_damaged_is_fetched_again(whale: Path, tmp_path: Path) -> None:
    with running_book_server(damages=2) as server:
        done = book(whale, "-o", tmp_path / "whale.m4b", "--url", server.url)
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "whale.m4b").read_bytes() == sound_of("m4b")


def test_a_file_that_stays_damaged_is_not_written(whale: Path, tmp_path: Path) -> None:
    (tmp_path / "whale.m4b").write_bytes(b"the one before")
    with running_book_server(damages=100) as server:
        done = book(whale, "-o", tmp_path / "whale.m4b", "--url", server.url)
    assert done.returncode == 1
    assert "SHA-256" in done.stderr
    assert (tmp_path / "whale.m4b").read_bytes() == b"the one before"
    assert sorted(tmp_path.iterdir()) == [tmp_path / "whale.m4b", whale]


def test_flagged_segments_are_named_with_the_command_that_speaks_them_again(whale: Path, tmp_path: Path) -> None:
    target = tmp_path / "whale.m4b"
    with running_book_server(flagged=((3, 2),)) as server:
        done = book(whale, "-o", target, "--url", server.url)
    assert done.returncode == 0
    assert "flagged: chapter 3, segment 2, at 1:05 of it: too_long: Call me 2.\n" in done.stderr
    assert f"    speechmill book regenerate book_1 3 2 -o {target} --url {server.url}\n" in done.stderr


def test_what_the_server_refuses_is_told_in_its_words(whale: Path, tmp_path: Path) -> None:
    with running_book_server() as server:
        done = book(whale, "-o", tmp_path / "whale.m4b", "--voice", "nobody", "--url", server.url)
    assert done.returncode == 2
    assert done.stderr == "speechmill: Unknown voice 'nobody'. It has: alloy.\n"


@pytest.mark.parametrize(("arguments", "told"), [
    (("shwo",), "neither a file nor a command 'shwo'"),
    (("no.epub", "-o", "a.m4b"), "no.epub is no file"),
    (("whale.md",), "say where the book goes, for instance -o whale.m4b"),
    (("whale.md", "-o", "a.doc"), "end it in one of .m4b, .mp3, .opus, .ogg, .flac, .wav, .epub, or use --format"),
    (("whale.md", "-o", "a.vtt"), ".wav, .epub, or use --format. Captions are written once a book is made: `speechmill book"),
    (("download", "book_1", "-o", "a.doc"), ".epub, .vtt, .srt, or use --format"),
    (("whale.md", "-o", "a.mp3", "--format", "m4b"), "ends as mp3, but the book comes as m4b"),
    (("whale.md", "-o", "no/such/a.m4b"), "is not a folder"),
    (("whale.md", "-o", "a.m4b", "--cast", "anna"), "--cast takes LABEL=VOICE"),
    (("whale.md", "-o", "a.m4b", "--lexicon", "no.csv"), "no.csv cannot be read"),
    (("whale.md", "-o", "a.m4b", "--chapters-to", "whale.md/parts"), "cannot make the folder"),
    (("whale.epub", "-o", "whale.epub"), "is the book that is to be read"),
    (("rerender", "book_1"), "nothing would change"),
    (("rerender", "book_1", "--edit", "three=whale.md"), "'three' is no number of a chapter"),
    (("download", "book_1"), "name a file with -o")])
def test_a_wrong_command_line_is_a_usage_error_that_says_what_would_be_right(
        arguments: tuple[str, ...], told: str, whale: Path, tmp_path: Path) -> None:
    (tmp_path / "whale.epub").write_bytes(whale.read_bytes())
    done = book(*arguments, "--url", f"http://127.0.0.1:{free_port()}", cwd=tmp_path)
    assert done.returncode == 2
    assert told in done.stderr
    assert done.stderr.count("\n") == 1


def test_a_server_that_was_named_and_is_not_there_is_unavailable(whale: Path, tmp_path: Path) -> None:
    done = book(whale, "-o", tmp_path / "a.m4b", "--url", f"http://127.0.0.1:{free_port()}")
    assert done.returncode == 4
    assert done.stderr.count("\n") == 1
