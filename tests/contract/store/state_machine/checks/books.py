"""What must hold of a book and its chapters at every moment, told from the store's own records alone."""

from speechmill.job import TERMINAL, Status
from tests.contract.store.state_machine.checks.snapshot import Snapshot

KEPT_WITH_THE_BOOK = {"expires", "deadline", "keep", "input", "abandoned"}
"""What only jobs that a client asked for have."""


def check_book(now: Snapshot, book_id: str) -> None:
    """Raises AssertionError that says what is wrong."""
    book = now.job(book_id)
    chapters = [now.job(f"{book_id}.{n}") for n in range(1, int(book["parts"]) + 1)]
    assert chapters, f"{book_id}: a book without chapters has none to count"
    assert all(chapters), f"{book_id}: all its chapters are there"
    assert not [chapter for chapter in chapters if KEPT_WITH_THE_BOOK & set(chapter)], f"{book_id}: a chapter is no job by itself"
    assert not [chapter for chapter in chapters if _origin(chapter) != _origin(book)], f"{book_id}: whose chapters these are"
    its_chapters_are_opened_in_order(book_id, book, chapters)
    it_counts_its_chapters(book_id, book, chapters)
    it_has_no_unit_while_they_are_made(now, book_id, book)
    it_is_bound_when_all_are_done(book_id, book, chapters)
    it_ends_with_its_chapters(book_id, book, chapters)


def its_chapters_are_opened_in_order(book_id: str, book: dict[str, str], chapters: list[dict[str, str]]) -> None:
    """No more than `window` are spoken at once, and of those that are not open nothing waits or runs."""
    opened = int(book["opened"])
    if Status(book["status"]) not in TERMINAL:
        running = [chapter for chapter in chapters[:opened] if Status(chapter["status"]) not in TERMINAL]
        speaking = sum(chapter["phase"] != "finish" for chapter in running)
        assert int(book["running"]) == len(running), f"{book_id}: chapters that run"
        assert int(book["speaking"]) == speaking <= int(book["window"]), f"{book_id}: chapters that are spoken"
        if book["status"] == Status.IN_PROGRESS and opened < len(chapters):
            assert speaking == int(book["window"]) or len(running) - speaking >= 2, f"{book_id}: as many are spoken as may be"
    for chapter in chapters[opened:]:
        assert chapter["queued"] == "0", f"{book_id}: a chapter waits before its turn"
        assert chapter["status"] != Status.IN_PROGRESS, f"{book_id}: a chapter runs before its turn"


def it_counts_its_chapters(book_id: str, book: dict[str, str], chapters: list[dict[str, str]]) -> None:
    assert int(book["parts_done"]) == sum(chapter["status"] == Status.COMPLETED for chapter in chapters), f"{book_id}: parts_done"
    if book["status"] == Status.IN_PROGRESS:
        spoken = [int(chapter["characters"]) * int(chapter["done_chars"]) // int(chapter["speak_chars"]) for chapter in chapters]
        assert int(book["weight_done"]) == sum(spoken), f"{book_id}: characters of its text that are spoken"
    assert int(book["characters"]) == sum(int(chapter["characters"]) for chapter in chapters), f"{book_id}: characters"
    assert float(book.get("lately_chars", "0")) >= 0 <= float(book.get("lately_ms", "0")), f"{book_id}: its speed"


def it_has_no_unit_while_they_are_made(now: Snapshot, book_id: str, book: dict[str, str]) -> None:
    if book["phase"] == "parts":
        assert (book["units"], book["queued"], book["queued_chars"]) == ("0", "0", "0"), f"{book_id}: no unit of its own"
        assert not [kind for kind in ("again", "leased", "suspected") if book_id in now.named(kind)], f"{book_id}: no unit"
        assert book["status"] != Status.QUEUED, f"{book_id}: its chapters wait, not it"


def it_is_bound_when_all_are_done(book_id: str, book: dict[str, str], chapters: list[dict[str, str]]) -> None:
    all_done = all(chapter["status"] == Status.COMPLETED for chapter in chapters)
    # A book that was cancelled while its last chapter was joined is not bound any more.
    if book["status"] in (Status.QUEUED, Status.IN_PROGRESS, Status.FAILED, Status.COMPLETED):
        assert (book["phase"] == "finish") == all_done, f"{book_id} in {book['phase']}"
    else:
        assert book["phase"] == "parts" or all_done, f"{book_id} in {book['phase']}"


def it_ends_with_its_chapters(book_id: str, book: dict[str, str], chapters: list[dict[str, str]]) -> None:
    """Those that it never came to end with it, by the same end. It fails, in the making, only with nothing left to be made."""
    status = Status(book["status"])
    ends = {Status(chapter["status"]) for chapter in chapters}
    if status in TERMINAL:
        assert ends <= {Status.COMPLETED, Status.FAILED, status}, f"{book_id} is {status}, its chapters {ends}"
    elif status is Status.IN_PROGRESS:
        assert not ends & {Status.CANCELLING, Status.CANCELLED, Status.EXPIRED}, f"{book_id}: a chapter ended by itself"
    if status is Status.CANCELLING and book["phase"] == "parts":
        assert Status.CANCELLING in ends, f"{book_id}: some chapter is still worked on"
    if status is Status.FAILED and book["phase"] == "parts":
        assert Status.FAILED in ends, f"{book_id}: some chapter failed"


def _origin(job: dict[str, str]) -> tuple[str, ...]:
    return tuple(job.get(name, "") for name in ("tenant", "class", "model", "order", "request_id", "hook"))
