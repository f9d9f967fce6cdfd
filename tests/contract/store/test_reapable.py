"""What goes with a job's results: every object that its record and those of its parts name, once."""

import pytest

from speechmill.book import BookSpec, ChapterSpec, Contents, ListedChapter, Source
from speechmill.job import Output, OutputFile, Phase, Status
from speechmill.request import WebhookSpec
from speechmill.store import books, deliveries, verbs
from speechmill.store.books import NewChapter
from speechmill.store.verbs import Submission
from speechmill.tasks import KEY_PREFIX
from tests.contract.store.conftest import Mill

BOOK = "book_000001"
VOICE = {"model": "tone", "voice": "low", "language": "en"}


def files_of(owner: str) -> dict[str, OutputFile]:
    return {name: OutputFile(key=f"{owner}.{name}", bytes=1, sha256="0", content_type="audio/mp4")
            for name in ("m4b", "part.aac")}


def complete(mill: Mill, owner: str, manifest_key: str = "") -> None:
    """The next finish unit. The first of its files is what a client gets."""
    unit = mill.claim("cpu:batch")
    assert unit.phase is Phase.FINISH
    files = files_of(owner)
    output = Output(key=files["m4b"].key, bytes=1, sha256="0", content_type="audio/mp4", duration_seconds=1, sample_rate=24_000,
                    manifest_key=manifest_key, files=files)
    assert mill.store.run(verbs.completed(unit, output, take=None, speak_ms=0)).committed


def make_book(mill: Mill, hook: WebhookSpec | None = None) -> None:
    make_chapter(mill, hook)
    complete(mill, "book")


def make_chapter(mill: Mill, hook: WebhookSpec | None = None) -> None:
    """Of a book of one chapter of one segment, with a cover and a lexicon of its own."""
    spec = BookSpec(**VOICE, webhook=hook, source=Source(sha256="0", name="b.txt", bytes=1))
    mill.store.run(verbs.submit(Submission(
        job_id=BOOK, tenant="local", spec=spec, phase=Phase.PLAN, text="{}", characters=10, input_key="", request_id="req_1",
        fingerprint="print")))
    chapter = NewChapter(ChapterSpec(**VOICE, number=1, track=1, tracks=1, title="One"), "chapter text", 10)
    listed = ListedChapter(number=1, title="One", matter="body", track=1)
    contents = Contents(title="A book", cover_key="cover", lexicon_key="lexicon", chapters=(listed,))
    assert mill.store.run(books.divided(mill.claim("cpu:batch"), contents, [chapter], window=1)).committed
    mill.store.run(verbs.planned(mill.claim("cpu:batch"), "chapter plan", [verbs.Place(0, 10, 10)]))
    mill.spoken(mill.claim("speech:tone:batch"))
    complete(mill, "chapter", "chapter manifest")


def test_with_a_book_go_all_files_of_the_book_and_of_its_chapters_its_cover_and_its_lexicon(mill: Mill) -> None:
    make_book(mill)
    assert mill.look(BOOK).status is Status.COMPLETED
    mill.store.redis.zadd(KEY_PREFIX + "expiry", {BOOK: 1})
    (book,) = mill.store.run(verbs.reapable(10))
    assert sorted(book.objects) == sorted([
        "book.m4b", "book.part.aac", "cover", "lexicon",
        "chapter text", "chapter plan", "chapter manifest", "chapter.m4b", "chapter.part.aac"])


@pytest.mark.parametrize("event", ["book.chapter.completed", "book.completed"])
def test_an_event_of_a_chapter_that_was_given_up_says_where_it_was_to_go(mill: Mill, event: str) -> None:
    make_book(mill, WebhookSpec(url="https://example.com/hook", events=(event,)))
    due = mill.store.run(deliveries.due(60_000))
    assert due
    assert due.type == event
    assert mill.store.run(deliveries.settled(due, "dead"))
    dead = mill.store.run(deliveries.dead_events("local", after="", limit=10))
    assert dead
    assert dead[0].url == "https://example.com/hook"
