"""`speechmill book retry`, `regenerate` and `rerender`: a book once more, in which only what changed is spoken."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated

import typer

from speechmill.cli.book import options
from speechmill.cli.book.options import Deliver, Where
from speechmill.cli.exits import Exit, Failure
from speechmill.cli.options import Json
from speechmill.cli.voices import Checkpoint, Voice

if TYPE_CHECKING:
    from speechmill.cli.book.api import BookApi, BookView


def retry(
    book_id: options.BookId,
    output: options.Output = None,
    chapters_to: options.ChaptersTo = None,
    url: options.ServerUrl = "",
    data: options.ServerData = None,
    up_voice: options.UpVoice = Voice.ESPEAK,
    checkpoint: Checkpoint = "",
    json: Json = False,
) -> None:
    """Queue what failed of a failed book once more."""
    _again(Where(url, data, up_voice, checkpoint), book_id, lambda api: api.retry(book_id), Deliver(output, chapters_to), json)


def regenerate(
    book_id: options.BookId,
    chapter: Annotated[int, typer.Argument(metavar="CHAPTER", min=1, help="The number of the chapter.")],
    segment: Annotated[int, typer.Argument(metavar="SEGMENT", min=0, help="The number of the segment in it.")],
    output: options.Output = None,
    chapters_to: options.ChaptersTo = None,
    url: options.ServerUrl = "",
    data: options.ServerData = None,
    up_voice: options.UpVoice = Voice.ESPEAK,
    checkpoint: Checkpoint = "",
    json: Json = False,
) -> None:
    """Speak one segment of a finished book once more: a new revision of the book, whose other segments are as they were."""
    _again(Where(url, data, up_voice, checkpoint), book_id, lambda api: api.regenerate(book_id, chapter, segment),
           Deliver(output, chapters_to), json)


def rerender(
    book_id: options.BookId,
    voice: options.Speaker = "",
    instructions: options.Instructions = "",
    cast: options.Cast = None,
    lexicon: options.LexiconFile = None,
    edit: Annotated[list[str] | None, typer.Option(metavar="NUMBER=FILE", help="A chapter's new text; once for each.")] = None,
    chapters: options.Chapters = "",
    format: options.Formats = "",
    loudness: options.Loudness = "",
    output: options.Output = None,
    chapters_to: options.ChaptersTo = None,
    url: options.ServerUrl = "",
    data: options.ServerData = None,
    up_voice: options.UpVoice = Voice.ESPEAK,
    checkpoint: Checkpoint = "",
    json: Json = False,
) -> None:
    """Make a finished book again with another voice, lexicon or text: a new revision, for which only what changed is spoken."""
    from speechmill.cli.book.asked import cast_of, edits_of, formats_of, lexicon_in_json, lexicon_of
    from speechmill.cli.book.order import given

    formats = formats_of(format)
    changes = given({"voice": voice, "instructions": instructions, "cast": cast_of(cast), "edits": edits_of(edit),
                     "lexicon": lexicon_in_json(lexicon_of(lexicon)), "include": chapters, "formats": formats,
                     "loudness": loudness})
    if not changes:
        raise Failure("nothing would change: say what, for instance with --voice, --lexicon or --edit.", Exit.USAGE)
    _again(Where(url, data, up_voice, checkpoint), book_id, lambda api: api.rerender(book_id, changes),
           Deliver(output, chapters_to, tuple(formats)), json)


def _again(where: Where, book_id: str, begin: "Callable[[BookApi], BookView]", deliver: Deliver, json: bool) -> None:
    """Follows the book where somebody waits for its files, and where its server would end with us."""
    from speechmill.cli.book.finish import finish
    from speechmill.cli.book.server import some_server
    from speechmill.cli.book.tell import tell
    from speechmill.cli.show import show_json
    from speechmill.cli.signals import terminate_as_interrupt

    with terminate_as_interrupt(), some_server(where) as server:
        _check_files(deliver, server.api.job(book_id))
        book = begin(server.api)
        if deliver.anywhere or server.ends_with_us:
            book = finish(server, book, deliver)
        else:
            tell(f"{book['id']} is {book['status']}. To wait for it and write it to a file:\n"
                 f"    {server.command('download', book['id'], '-o', 'FILE')}")
    if json:
        show_json(book)


def _check_files(deliver: Deliver, before: "BookView") -> None:
    """Raises Failure for files that could not be written: better before anything is spoken than after."""
    from speechmill.cli.book.chapter_files import make_folder
    from speechmill.cli.book.files import targets
    from speechmill.cli.sound_file import check_writable

    if deliver.output:
        for target in targets(deliver.output, deliver.formats or before["formats"]).values():
            check_writable(target)
    make_folder(deliver.chapters_to)
