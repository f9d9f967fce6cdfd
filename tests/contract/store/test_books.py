"""A book is a job with parts: its chapters are made a few at a time, by the steps of every job, and it ends when all have."""

import json
from typing import Any

import pytest

from speechmill.book import BookSpec, ChapterSpec, Contents, Source
from speechmill.job import JobError, Phase, Status, Unit
from speechmill.request import WebhookSpec
from speechmill.store import books, deliveries, verbs
from speechmill.store.books import BookState, NewChapter
from speechmill.store.client import EVENTS_KEY
from speechmill.store.verbs import Place, Submission
from speechmill.tasks import KEY_PREFIX
from tests.contract.store.conftest import Mill

BOOK = "book_000001"
SPEECH = "speech:tone:batch"
VOICE = {"model": "tone", "voice": "low", "language": "en"}


def submit_book(mill: Mill, *, events: tuple[str, ...] = (), **more: Any) -> None:
    webhook = WebhookSpec(url="https://example.com", events=events) if events else None
    spec = BookSpec(**VOICE, webhook=webhook, source=Source(sha256="0", name="b.txt", bytes=1))
    mill.store.run(verbs.submit(Submission(
        job_id=BOOK, tenant="local", spec=spec, phase=Phase.PLAN, text="{}", characters=10, input_key="", request_id="req_1",
        fingerprint="print", **more)))


def divide(mill: Mill, n_chapters: int, *, window: int = 2, characters: int = 100) -> None:
    unit = mill.claim("cpu:batch")
    assert (unit.job_id, unit.phase) == (BOOK, Phase.PLAN)
    specs = [ChapterSpec(**VOICE, number=n, track=n, tracks=n_chapters, title=f"Chapter {n}") for n in range(1, n_chapters + 1)]
    chapters = [NewChapter(spec, f"text/{spec.number}", characters) for spec in specs]
    assert mill.store.run(books.divided(unit, Contents(title="A book"), chapters, window=window)).committed


def plan_chapter(mill: Mill, sizes: list[int]) -> str:
    unit = mill.claim("cpu:batch")
    assert unit.phase is Phase.PLAN
    mill.store.run(verbs.planned(unit, "plan", [Place(10 * n, 10, size) for n, size in enumerate(sizes)]))
    return unit.job_id


def make_chapter(mill: Mill, sizes: list[int]) -> str:
    part = plan_chapter(mill, sizes)
    for _ in sizes:
        mill.spoken(mill.claim(SPEECH))
    finish(mill, part)
    return part


def finish(mill: Mill, job_id: str) -> None:
    unit = mill.claim("cpu:batch")
    assert (unit.job_id, unit.phase) == (job_id, Phase.FINISH)
    assert mill.completed(unit).committed


def state(mill: Mill) -> BookState:
    found = mill.store.run(books.chapters(BOOK, "local"))
    assert found
    return found


def test_chapters_are_made_a_few_at_a_time_and_then_the_book(mill: Mill) -> None:
    submit_book(mill)
    divide(mill, 3, window=2)
    assert mill.look(BOOK).phase is Phase.PARTS
    assert [plan_chapter(mill, [50, 50]) for _ in range(2)] == [f"{BOOK}.1", f"{BOOK}.2"]
    units = [mill.claim(SPEECH) for _ in range(4)]
    assert mill.nothing_to_claim(), "the third waits until one of the two is spoken"
    for unit in units:
        mill.spoken(unit)
    finish(mill, f"{BOOK}.1")
    assert [chapter.status for chapter in state(mill).chapters] == ["completed", "in_progress", "queued"]
    finish(mill, f"{BOOK}.2")
    make_chapter(mill, [100])
    assert mill.look(BOOK).status is Status.IN_PROGRESS
    finish(mill, BOOK)
    assert mill.look(BOOK).status is Status.COMPLETED
    assert mill.nothing_to_claim()


def speak_chapter(mill: Mill) -> Unit:
    """All but joined. Its last unit is held."""
    plan_chapter(mill, [100])
    mill.spoken(mill.claim(SPEECH))
    unit = mill.claim("cpu:batch")
    assert unit.phase is Phase.FINISH
    return unit


def test_the_next_chapter_is_spoken_while_those_before_it_are_joined(mill: Mill) -> None:
    mill.store.run(verbs.enlist("w", "cpu", "host", "ready", {"cpu:batch": 2}))
    submit_book(mill)
    divide(mill, 4, window=1)
    joins = [speak_chapter(mill) for _ in range(2)]
    plan_chapter(mill, [100])
    assert [unit.job_id for unit in joins] == [f"{BOOK}.1", f"{BOOK}.2"]
    assert [chapter.status for chapter in state(mill).chapters] == [*3 * ["in_progress"], "queued"]
    for unit in joins:
        mill.completed(unit)
    mill.claim(SPEECH)
    assert mill.nothing_to_claim(), "what was joined makes no room: it took none"


@pytest.mark.parametrize(("slots", "most"), [(0, 2), (1, 2), (2, 4)])
def test_as_many_chapters_wait_to_be_joined_as_keep_all_cpu_workers_busy(mill: Mill, slots: int, most: int) -> None:
    """Whatever else their tenant wants to have done waits behind them."""
    if slots:
        mill.store.run(verbs.enlist("w", "cpu", "host", "ready", {"cpu:batch": slots}))
    submit_book(mill)
    divide(mill, most + 2, window=1)
    joins = [speak_chapter(mill) for _ in range(most)]
    assert mill.nothing_to_claim()
    assert mill.completed(joins[0]).committed
    plan_chapter(mill, [100])


def test_chapters_that_have_only_to_be_joined_again_hold_up_nothing(mill: Mill) -> None:
    mill.store.run(verbs.enlist("w", "cpu", "host", "ready", {"cpu:batch": 2}))
    submit_book(mill)
    divide(mill, 3, window=1)
    for _ in range(3):
        plan_chapter(mill, [100])
        mill.spoken(mill.claim(SPEECH))
        assert mill.failed(mill.claim("cpu:batch")) == "failed"
    assert mill.look(BOOK).status is Status.FAILED
    mill.store.run(verbs.retry(BOOK, "local"))
    assert [mill.claim("cpu:batch").phase for _ in range(3)] == 3 * [Phase.FINISH]


def test_a_books_progress_counts_the_characters_of_all_its_chapters(mill: Mill) -> None:
    submit_book(mill)
    divide(mill, 2, window=1, characters=1000)
    plan_chapter(mill, [300, 700])  # as spoken they may be more, or fewer, than in the text
    mill.spoken(mill.claim(SPEECH))
    assert mill.look(BOOK).progress == 15
    mill.spoken(mill.claim(SPEECH))
    assert mill.look(BOOK).progress == 50
    assert state(mill).characters_per_s > 0


def test_a_segment_that_cannot_be_spoken_is_flagged_and_the_chapter_goes_on(mill: Mill) -> None:
    submit_book(mill)
    divide(mill, 1)
    plan_chapter(mill, [50, 50])
    assert mill.failed(mill.claim(SPEECH)) == "failed"
    mill.spoken(mill.claim(SPEECH))
    finish(mill, f"{BOOK}.1")
    take = dict(mill.store.takes(f"{BOOK}.1"))[0]
    assert (take["key"], take["flags"], take["error"]["code"]) == ("", ["failed"], "voice_failed")
    assert JobError.model_validate(take["error"]).crashes == ()
    (chapter,) = state(mill).chapters
    assert (chapter.status, chapter.completed, chapter.flagged) == (Status.COMPLETED, 2, 1)


def test_a_segment_that_kills_its_worker_is_flagged_too(mill: Mill) -> None:
    submit_book(mill)
    divide(mill, 1)
    plan_chapter(mill, [50])
    for _ in range(3):
        unit = mill.claim("speech:tone:suspect", SPEECH)
        mill.store.run(verbs.crashed([unit]))
    finish(mill, f"{BOOK}.1")
    assert dict(mill.store.takes(f"{BOOK}.1"))[0]["error"]["code"] == "worker_crashed"


def test_a_book_whose_chapter_fails_goes_on_with_the_others_and_retry_makes_only_what_failed(mill: Mill) -> None:
    submit_book(mill)
    divide(mill, 2, window=1)
    plan_chapter(mill, [100])
    mill.spoken(mill.claim(SPEECH))
    assert mill.failed(mill.claim("cpu:batch")) == "failed"
    make_chapter(mill, [100])
    assert mill.look(BOOK).status is Status.FAILED
    assert mill.look(BOOK).error
    assert mill.store.run(verbs.retry(BOOK, "local"))[0] == "done"
    assert mill.look(BOOK).status is Status.IN_PROGRESS
    finish(mill, f"{BOOK}.1")
    finish(mill, BOOK)
    assert mill.look(BOOK).status is Status.COMPLETED


def test_cancelling_a_book_stops_its_chapters(mill: Mill) -> None:
    submit_book(mill)
    divide(mill, 3, window=2)
    plan_chapter(mill, [50, 50])
    unit = mill.claim(SPEECH)
    mill.store.run(verbs.cancel(BOOK, "local"))
    assert mill.look(BOOK).status is Status.CANCELLING
    assert mill.beat(unit) == (unit.ref,)
    mill.store.run(verbs.released(unit))
    assert mill.look(BOOK).status is Status.CANCELLED
    assert {chapter.status for chapter in state(mill).chapters} == {Status.CANCELLED}
    assert mill.nothing_to_claim()
    assert mill.counts("depth") == mill.counts("leased") == {}


def test_a_book_that_nobody_works_on_is_cancelled_at_once(mill: Mill) -> None:
    submit_book(mill)
    divide(mill, 3, window=2)
    mill.store.run(verbs.cancel(BOOK, "local"))
    assert mill.look(BOOK).status is Status.CANCELLED
    assert {chapter.status for chapter in state(mill).chapters} == {Status.CANCELLED}
    assert mill.nothing_to_claim()


def test_a_book_past_its_deadline_expires_with_all_its_chapters(mill: Mill) -> None:
    submit_book(mill)
    divide(mill, 3, window=1)
    make_chapter(mill, [100])
    mill.store.redis.zadd(KEY_PREFIX + "deadlines", {BOOK: 1})
    mill.sweep()
    assert mill.look(BOOK).status is Status.EXPIRED
    assert [chapter.status for chapter in state(mill).chapters] == ["completed", "expired", "expired"]
    assert mill.nothing_to_claim()


def test_a_book_that_is_only_planned_is_completed_when_it_was_read(mill: Mill) -> None:
    submit_book(mill)
    divide(mill, 0)
    assert mill.look(BOOK).status is Status.COMPLETED
    contents = state(mill).contents
    assert contents
    assert contents.title == "A book"


def test_events_are_those_of_a_book_and_of_its_chapters(mill: Mill) -> None:
    submit_book(mill, events=("book.chapter.completed", "book.completed"))
    divide(mill, 2, window=1)
    for _ in range(2):
        make_chapter(mill, [100])
    finish(mill, BOOK)
    due: list[tuple[str, str]] = []
    while event := mill.store.run(deliveries.due(60_000)):
        due.append((event.type, event.job_id))
    assert sorted(due) == [("book.chapter.completed", f"{BOOK}.1"), ("book.chapter.completed", f"{BOOK}.2"),
                           ("book.completed", BOOK)]
    events: Any = mill.store.redis.xrange(EVENTS_KEY)
    assert not {fields["type"] for _, fields in events if fields["type"].startswith("speech.")}


def test_books_are_listed_by_themselves_and_their_chapters_nowhere(mill: Mill) -> None:
    job_id = mill.submit().job_id
    mill.completed(mill.claim())
    submit_book(mill)
    divide(mill, 2)

    def listed(kind: Any) -> Any:
        return mill.store.run(verbs.list_jobs("local", status="", after="", limit=9, newest_first=True, kind=kind))

    assert (listed("jobs"), listed("books")) == ([job_id], [BOOK])


@pytest.mark.parametrize("verb", [verbs.cancel, verbs.retry, verbs.delete])
def test_a_chapter_is_no_job_of_its_own_for_clients(mill: Mill, verb: Any) -> None:
    submit_book(mill)
    divide(mill, 1)
    reply = mill.store.run(verb(f"{BOOK}.1", "local"))
    assert "missing" in (reply, reply[0])


def test_forgetting_a_book_leaves_nothing_of_it(mill: Mill) -> None:
    submit_book(mill)
    divide(mill, 2, window=1)
    for _ in range(2):
        make_chapter(mill, [100])
    finish(mill, BOOK)
    assert mill.store.run(verbs.delete(BOOK, "local")) == "done"
    assert not [key for key in mill.store.redis.scan_iter(KEY_PREFIX + "*") if BOOK in str(key)]


def test_a_worker_that_died_before_its_reply_came_finds_its_division_done(mill: Mill) -> None:
    submit_book(mill)
    unit = mill.claim("cpu:batch")
    chapter = NewChapter(ChapterSpec(**VOICE, number=1, track=1, tracks=1, title="One"), "text/1", 100)
    for _ in range(2):
        assert mill.store.run(books.divided(unit, Contents(), [chapter], window=2)).committed
    assert len(state(mill).chapters) == 1
    assert mill.claim("cpu:batch").job_id == f"{BOOK}.1"


def test_the_spec_of_a_chapter_reaches_its_worker(mill: Mill) -> None:
    submit_book(mill)
    divide(mill, 1)
    unit: Unit = mill.claim("cpu:batch")
    assert (unit.spec["kind"], unit.spec["title"], unit.input_key) == ("chapter", "Chapter 1", "text/1")
    assert json.dumps(unit.spec)
