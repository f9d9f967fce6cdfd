"""`speechmill book plan`: what a book holds, before anything is spoken."""

from pathlib import Path
from typing import Annotated

import typer

from speechmill.cli.book import options
from speechmill.cli.book.options import Where
from speechmill.cli.options import Json
from speechmill.cli.voices import Checkpoint, Voice


def plan(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="EPUB, Markdown, plain text or JSON.")],
    voice: options.Speaker = "",
    model: options.Model = "",
    language: options.Language = "",
    cast: options.Cast = None,
    lexicon: options.LexiconFile = None,
    chapters: options.Chapters = "",
    url: options.ServerUrl = "",
    data: options.ServerData = None,
    up_voice: options.UpVoice = Voice.ESPEAK,
    checkpoint: Checkpoint = "",
    json: Json = False,
) -> None:
    """Show a book's chapters, which of them would be spoken and why not, words, segments and the time that they take to hear."""
    from speechmill.cli.book.asked import cast_of, lexicon_of
    from speechmill.cli.book.order import order
    from speechmill.cli.book.send import send
    from speechmill.cli.book.server import some_server
    from speechmill.cli.book.table import show_plan
    from speechmill.cli.follow import check_completed, follow
    from speechmill.cli.show import show_json
    from speechmill.cli.signals import terminate_as_interrupt

    asked = order(file, voice=voice, model=model, language=language, cast=cast_of(cast), lexicon=lexicon_of(lexicon),
                  include=chapters, dry_run=True)
    with terminate_as_interrupt(), some_server(Where(url, data, up_voice, checkpoint), first=True) as server:
        book = follow(server.api, send(server.api, asked)["id"])
    check_completed(book)
    show_json(book) if json else show_plan(book)
