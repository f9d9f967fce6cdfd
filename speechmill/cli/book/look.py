"""`speechmill book list`, `show` and `cancel`."""

from typing import Annotated

import typer

from speechmill.cli.book import options
from speechmill.cli.book.options import Where
from speechmill.cli.options import Json
from speechmill.cli.voices import Checkpoint, Voice


def list_books(
    status: Annotated[str, typer.Option(help="Only books of this status.")] = "",
    limit: Annotated[int, typer.Option(help="How many, 1 to 100.")] = 20,
    after: Annotated[str, typer.Option(metavar="BOOK", help="Go on after this book, the last of the page before.")] = "",
    url: options.ServerUrl = "",
    data: options.ServerData = None,
    up_voice: options.UpVoice = Voice.ESPEAK,
    checkpoint: Checkpoint = "",
    json: Json = False,
) -> None:
    """List books, the newest first."""
    from speechmill.cli.book.server import some_server
    from speechmill.cli.book.table import show_books
    from speechmill.cli.show import show_json

    with some_server(Where(url, data, up_voice, checkpoint)) as server:
        page = server.api.jobs(status=status, limit=limit, after=after)
    if json:
        show_json(page)
        return
    show_books(page["data"])
    if page["has_more"]:
        typer.echo(f"More: --after {page['last_id']}", err=True)


def show(
    book_id: options.BookId,
    url: options.ServerUrl = "",
    data: options.ServerData = None,
    up_voice: options.UpVoice = Voice.ESPEAK,
    checkpoint: Checkpoint = "",
    json: Json = False,
) -> None:
    """Show a book as it is now, its chapters, and how to speak again what is flagged."""
    from speechmill.cli.book.flags import tell_flagged
    from speechmill.cli.book.server import some_server
    from speechmill.cli.book.table import show_book, show_plan
    from speechmill.cli.show import show_json

    with some_server(Where(url, data, up_voice, checkpoint)) as server:
        book = server.api.job(book_id)
        if json:
            show_json(book)
            return
        show_plan(book) if book["dry_run"] else show_book(book)
        tell_flagged(server, book, most=None)


def cancel(
    book_id: options.BookId,
    url: options.ServerUrl = "",
    data: options.ServerData = None,
    up_voice: options.UpVoice = Voice.ESPEAK,
    checkpoint: Checkpoint = "",
    json: Json = False,
) -> None:
    """Give a book up. What was spoken of it is kept for a while, and found by the next book with the same sentences."""
    from speechmill.cli.book.server import some_server
    from speechmill.cli.show import show_json

    with some_server(Where(url, data, up_voice, checkpoint)) as server:
        book = server.api.cancel(book_id)
    show_json(book) if json else typer.echo(f"{book['id']}  {book['status']}")
