"""Books through the whole system: what comes out is whole, what dies in between costs nothing twice, and what did not change is
not made again."""

import hashlib
import io
import re
import time
from collections.abc import Iterator
from contextlib import suppress
from itertools import pairwise
from pathlib import Path
from typing import Any

import httpx
import pytest
import redis
import soundfile

from speechmill.store.client import Policy, Store
from tests.e2e.stack import Stack, running_stack
from tests.e2e.worker_process import a_lease_passes
from tests.unit.book.make import finished

ENDS = ("completed", "failed", "cancelled", "expired")
CHAPTERS = ("The Fox", "The Crow", "The Lion")
FABLES = "---\ntitle: Fables\nauthor: Aesop\nlanguage: en\n---\n" + "\n\n".join(
    f"# {title}\n\n" + "\n\n".join(
        f"{title} number {n} went out in the year {1900 + n} and said: [voice: anna] \"Sour are grapes number {n}.\" [/voice]"
        for n in range(8))
    for title in CHAPTERS)


@pytest.fixture(scope="module")
def mill(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """With voices that take their time, and leases that no starved worker loses."""
    folder = tmp_path_factory.mktemp("books")
    with running_stack(folder, workers=False, WORKER__LEASE_S="20") as running:
        start_workers(running)
        running.wait_ready()
        yield running


def start_workers(mill: Stack) -> None:
    mill.start("speech", "tests.e2e.paced_worker", "speech")
    mill.start("cpu", "worker", "cpu")


def give_up_the_dead(mill: Stack) -> None:
    """All workers were killed."""
    for role in ("speech", "cpu"):
        a_lease_passes(mill, role)


def ask(mill: Stack, path: str, **more: Any) -> dict[str, Any]:
    with mill.http as http:
        answer = http.post(f"/v1/audio/books{path}", **more)
    assert answer.status_code == 202, answer.text
    book: dict[str, Any] = answer.json()
    return book


def book_of(mill: Stack, text: str, **more: Any) -> dict[str, Any]:
    return ask(mill, "", json={"input": text, "model": "tone", **more})


def look(mill: Stack, book_id: str) -> dict[str, Any]:
    with mill.http as http:
        answer = http.get(f"/v1/audio/books/{book_id}")
    assert answer.status_code == 200, answer.text
    book: dict[str, Any] = answer.json()
    return book


def wait(mill: Stack, book_id: str, timeout_s: float = 90) -> dict[str, Any]:
    """The book once it has ended."""
    deadline = time.monotonic() + timeout_s
    while time.monotonic() < deadline:
        with suppress(httpx.TransportError, AssertionError):
            if (book := look(mill, book_id))["status"] in ENDS:
                return book
        time.sleep(0.2)
    raise AssertionError(f"{book_id} has not ended in {timeout_s} s: {look(mill, book_id)}\n{mill.logs()}")


def file(mill: Stack, book: dict[str, Any], format: str) -> bytes:
    return content(mill, f"{book['id']}/content?format={format}")


def content(mill: Stack, path: str) -> bytes:
    with mill.http as http:
        answer = http.get(f"/v1/audio/books/{path}", follow_redirects=True)
    assert answer.status_code == 200, answer.text
    return answer.content


def segments(mill: Stack, book: dict[str, Any], number: int) -> list[dict[str, Any]]:
    with mill.http as http:
        answer = http.get(f"/v1/audio/books/{book['id']}/chapters/{number}/segments?limit=1000")
    assert answer.status_code == 200, answer.text
    data: list[dict[str, Any]] = answer.json()["data"]
    return data


def takes(mill: Stack, book: dict[str, Any], track: int) -> list[str]:
    """The keys of what is heard, segment by segment."""
    with redis.Redis.from_url(mill.redis.url, decode_responses=True) as client:
        return [take["key"] for _, take in sorted(Store(client, Policy()).takes(f"{book['id']}.{track}"))]


def n_spoken(mill: Stack) -> float:
    return mill.metric("speech_segments_total", source="spoken") or 0.0


def times_joined(mill: Stack) -> int:
    return len(re.findall(r"chapter \d+: joined", (mill.folder / "cpu.log").read_text()))


def samples(flac: bytes) -> int:
    return int(soundfile.info(io.BytesIO(flac)).frames)


@pytest.fixture(scope="module")
def fables(mill: Stack) -> dict[str, Any]:
    """A finished book, for those who look at it only."""
    book = wait(mill, book_of(mill, FABLES, formats=["m4b", "flac", "epub"], cast={"anna": {"voice": "high"}})["id"])
    assert book["status"] == "completed", book
    return book


def test_a_book_has_its_chapters_and_every_file_that_was_asked_for_is_what_it_says(mill: Stack, fables: dict[str, Any]) -> None:
    assert (fables["title"], fables["authors"]) == ("Fables", ["Aesop"])
    assert [chapter["title"] for chapter in fables["chapters"]] == list(CHAPTERS)
    for format in ("m4b", "flac", "epub", "vtt", "srt", "manifest", "report"):
        assert hashlib.sha256(file(mill, fables, format)).hexdigest() == fables["output"][format]["sha256"], format


def test_no_text_is_missing_and_nothing_is_spoken_by_the_wrong_voice(mill: Stack, fables: dict[str, Any]) -> None:
    for number, title in enumerate(CHAPTERS, 1):
        told = segments(mill, fables, number)
        text = " ".join(segment["text"] for segment in told)
        for n in range(8):
            assert f"{title} number {n} went out in the year {1900 + n} and said:" in text
        annas = [segment for segment in told if segment["speaker"] == "anna"]
        assert len(annas) == 8
        assert all("grapes" in segment["text"] for segment in annas)


def test_a_chapter_is_as_long_as_its_segments_and_their_pauses_to_the_sample(mill: Stack, fables: dict[str, Any]) -> None:
    told = segments(mill, fables, 1)
    master_s = told[-1]["end_seconds"]
    tail_s = 2.0
    assert samples(content(mill, f"{fables['id']}/chapters/1/content?format=flac")) == round((master_s + tail_s) * 24_000)
    spoken_s = sum(segment["end_seconds"] - segment["start_seconds"] for segment in told)
    pauses_s = sum(after["start_seconds"] - before["end_seconds"] for before, after in pairwise(told))
    assert spoken_s + pauses_s == pytest.approx(master_s, abs=1e-4)


def test_one_changed_word_costs_one_segment_one_chapter_and_the_container(mill: Stack, fables: dict[str, Any]) -> None:
    spoken, joined = n_spoken(mill), times_joined(mill)
    crow = "The Crow\n\n\n" + FABLES.split("# The Crow\n\n")[1].split("\n\n# The Lion")[0]
    once = wait(mill, ask(mill, f"/{fables['id']}/rerender", json={"edits": {"2": crow}})["id"])
    assert once["status"] == "completed", once
    assert n_spoken(mill) == spoken, "the same text as before, by another way"
    joined = times_joined(mill)
    changed = wait(mill, ask(mill, f"/{once['id']}/rerender", json={
        "edits": {"2": crow.replace("The Crow number 3 went", "The Crow number 3 walked")}})["id"])
    assert (changed["status"], changed["revises"], changed["revision"]) == ("completed", once["id"], 3)
    assert (n_spoken(mill), times_joined(mill)) == (spoken + 1, joined + 1)
    for number, is_same in ((1, True), (2, False), (3, True)):
        before, after = (content(mill, f"{book['id']}/chapters/{number}/content?format=flac") for book in (once, changed))
        assert (before == after) is is_same
    assert look(mill, fables["id"])["status"] == "completed", "the old one stays"


def test_a_segment_is_made_to_sound_otherwise_alone(mill: Stack, fables: dict[str, Any]) -> None:
    spoken = n_spoken(mill)
    book = wait(mill, ask(mill, f"/{fables['id']}/chapters/3/segments/2/regenerate")["id"])
    assert book["status"] == "completed", book
    assert n_spoken(mill) == spoken + 1
    assert [segment["cached"] for segment in segments(mill, book, 3)][:4] == [True, True, False, True]


def test_a_take_that_was_asked_for_stays_where_an_edit_has_moved_its_segment(mill: Stack, fables: dict[str, Any]) -> None:
    again = wait(mill, ask(mill, f"/{fables['id']}/chapters/3/segments/4/regenerate")["id"])
    taken, spoken = takes(mill, again, 3), n_spoken(mill)
    assert [own == old for own, old in zip(taken, takes(mill, fables, 3), strict=True)].index(False) == 4
    heading, first, rest = FABLES.split("# ")[3].split("\n\n", 2)
    new = "What comes now is a paragraph that was not here before, and it is long enough to stand alone."
    edited = f"{heading}\n\n\n{first}\n\n{new}\n\n{rest}"
    moved = wait(mill, ask(mill, f"/{again['id']}/rerender", json={"edits": {"3": edited}})["id"])
    assert moved["status"] == "completed", moved
    found = takes(mill, moved, 3)
    assert len(found) == len(taken) + 1
    assert [take for take in found if take in taken] == taken
    assert n_spoken(mill) == spoken + 1


def test_a_heading_that_was_changed_is_the_chapters_title_and_mark(mill: Stack, fables: dict[str, Any], tmp_path: Path) -> None:
    edited = "The Raven\n\n\n" + FABLES.split("# The Crow\n\n")[1].split("\n\n# The Lion")[0]
    book = wait(mill, ask(mill, f"/{fables['id']}/rerender", json={"edits": {"2": edited}, "formats": ["m4b"]})["id"])
    assert [chapter["title"] for chapter in book["chapters"]] == ["The Fox", "The Raven", "The Lion"]
    (tmp_path / "book.m4b").write_bytes(file(mill, book, "m4b"))
    assert [mark.title for mark in finished.told(tmp_path / "book.m4b").marks] == ["The Fox", "The Raven", "The Lion"]


def test_a_book_that_is_but_an_epub_has_the_captions_of_the_m4b_that_it_would_make(mill: Stack) -> None:
    text = "# The Fox\n\nSour are grapes.\n\n# The Crow\n\nSweet is cheese."
    epub = wait(mill, book_of(mill, text, formats=["epub"])["id"])
    assert set(epub["output"]) == {"epub", "vtt", "srt", "manifest", "report"}
    whole = wait(mill, ask(mill, f"/{epub['id']}/rerender", json={"formats": ["m4b"]})["id"])
    for captions in ("vtt", "srt"):
        assert b"Sweet is cheese." in file(mill, epub, captions)
        assert file(mill, epub, captions) == file(mill, whole, captions)


def test_a_book_is_planned_without_a_word_being_spoken(mill: Stack) -> None:
    spoken = n_spoken(mill)
    book = wait(mill, book_of(mill, FABLES.replace("Fox", "Ox"), dry_run=True)["id"])
    assert book["status"] == "completed"
    assert [chapter["segments"]["total"] for chapter in book["chapters"]] == [17, 17, 17]
    assert book["estimated_seconds"] > 60
    assert n_spoken(mill) == spoken


def test_kill_9_of_every_worker_in_the_middle_of_a_book_speaks_no_passing_segment_again(mill: Stack) -> None:
    spoken = n_spoken(mill)
    book = book_of(mill, FABLES.replace("went out", "rode off"), formats=["mp3"])
    until(mill, book["id"], lambda now: now["progress"] >= 25)
    for name in ("speech", "cpu"):
        mill.programs[name].kill()
    passed = [(chapter["number"], segment) for chapter in look(mill, book["id"])["chapters"]
              for segment in segments(mill, book, chapter["number"]) if segment["status"] == "completed"]
    assert passed
    give_up_the_dead(mill)
    start_workers(mill)
    done = wait(mill, book["id"])
    assert done["status"] == "completed", done
    assert not [chapter for chapter in done["chapters"] if chapter["segments"]["flagged"]]
    for number, before in passed:
        after = segments(mill, done, number)[before["segment"]]
        assert (after["attempts"], after["cached"]) == (before["attempts"], before["cached"])
    total = sum(chapter["segments"]["total"] for chapter in done["chapters"])
    assert n_spoken(mill) - spoken <= total


def test_a_restart_of_everything_in_the_middle_of_a_book_loses_nothing(mill: Stack) -> None:
    book = book_of(mill, FABLES.replace("went out", "swam away"), formats=["mp3"])
    until(mill, book["id"], lambda now: now["progress"] >= 25)
    for name in ("speech", "cpu", "producer"):
        mill.programs[name].kill()
    mill.redis.kill()
    mill.redis.restart()
    mill.start("producer", "producer")
    give_up_the_dead(mill)
    start_workers(mill)
    done = wait(mill, book["id"])
    assert (done["status"], done["progress"]) == ("completed", 100)
    assert sum(chapter["segments"]["completed"] for chapter in done["chapters"]) == 51


def test_a_sentence_that_no_voice_can_say_is_flagged_and_the_book_is_done(mill: Stack) -> None:
    (mill.folder / "broken").touch()
    text = ("# One\n\nThis is well said.\n\n[voice: b] BREAK this one now, please. [/voice]\n\nThe end of it."
            "\n\n# Two\n\nAll is well in the second chapter.")
    book = wait(mill, book_of(mill, text, formats=["flac"])["id"])
    (mill.folder / "broken").unlink()
    assert book["status"] == "completed", book
    assert [chapter["segments"]["flagged"] for chapter in book["chapters"]] == [1, 0]
    (flagged,) = (segment for segment in segments(mill, book, 1) if segment["flags"])
    assert (flagged["flags"], "BREAK" in flagged["text"]) == (["failed"], True)
    again = wait(mill, ask(mill, f"/{book['id']}/rerender", json={})["id"])
    assert [chapter["segments"]["flagged"] for chapter in again["chapters"]] == [0, 0]


def test_a_file_that_is_no_book_fails_with_what_is_wrong_with_it(mill: Stack, tmp_path: Path) -> None:
    book = ask(mill, "", data={"model": "tone"}, files={"file": ("a.epub", b"PK\x03\x04 broken", "application/epub+zip")})
    done = wait(mill, book["id"])
    assert (done["status"], done["error"]["code"], done["error"]["param"]) == ("failed", "book_unreadable", "file")


def test_a_cancelled_book_speaks_no_more(mill: Stack) -> None:
    book = book_of(mill, FABLES.replace("went out", "flew slowly off"))
    until(mill, book["id"], lambda now: now["progress"] >= 5)
    with mill.http as http:
        assert http.post(f"/v1/audio/books/{book['id']}/cancel").status_code == 200
    done = wait(mill, book["id"])
    assert done["status"] == "cancelled"
    assert {chapter["status"] for chapter in done["chapters"]} <= {"cancelled", "completed"}


def until(mill: Stack, book_id: str, true: Any, timeout_s: float = 60) -> None:
    deadline = time.monotonic() + timeout_s
    while time.monotonic() < deadline:
        if true(book := look(mill, book_id)):
            return
        assert book["status"] not in ENDS, book
        time.sleep(0.05)
    raise AssertionError(f"not in {timeout_s} s: {look(mill, book_id)}\n{mill.logs()}")
