"""Sending a book, so that the same order again is the same book."""

import itertools

from speechmill.cli.book.api import BookApi, BookView
from speechmill.cli.book.order import Order, sha256_of
from speechmill.cli.book.tell import tell
from speechmill.cli.exits import Exit, Failure


def send(api: BookApi, order: Order) -> BookView:
    """The book; one that was sent before goes on from where it is. Raises Failure for what the server refuses."""
    sha256 = sha256_of(order.file)
    for attempt in itertools.count():
        sent = api.send(order, order.key(sha256, attempt))
        if not sent.before:
            return sent.book
        if book := _going_on(api, sent.book):
            tell(f"going on with {book['id']}, which was sent before")
            return book
    raise AssertionError("a count has no end")


def _going_on(api: BookApi, book: BookView) -> BookView | None:
    """A failed one is tried again, so that only what failed is spoken. None for one that was given up, or is no longer kept."""
    if book["status"] in ("cancelling", "cancelled", "expired"):
        return None
    if book["status"] != "failed":
        return book
    try:
        return api.retry(book["id"])
    except Failure as failure:
        if failure.exit is not Exit.NOT_FOUND:
            raise
        return None
