"""`speechmill book download`: the files of a book, also of one that is still being made."""

from typing import Annotated

import typer

from speechmill.cli.book import options
from speechmill.cli.book.options import Deliver, Where
from speechmill.cli.exits import Exit, Failure
from speechmill.cli.sound_file import check_writable
from speechmill.cli.voices import Checkpoint, Voice


def download(
    book_id: options.BookId,
    output: options.Output = None,
    format: Annotated[str, typer.Option(
        metavar="m4b,vtt", help="Which of the book's files: a format that it was made in, vtt, srt, manifest or report; by "
                                "default what the ending of -o says.")] = "",
    chapters_to: options.ChaptersTo = None,
    url: options.ServerUrl = "",
    data: options.ServerData = None,
    up_voice: options.UpVoice = Voice.ESPEAK,
    checkpoint: Checkpoint = "",
) -> None:
    """Write a book to FILE, once it is completed; --chapters-to writes its chapters, each as soon as it is done."""
    from speechmill.cli.book.asked import formats_of
    from speechmill.cli.book.chapter_files import make_folder
    from speechmill.cli.book.files import EXTRAS, FORMATS, formats_asked, targets
    from speechmill.cli.book.finish import finish
    from speechmill.cli.book.server import some_server
    from speechmill.cli.signals import terminate_as_interrupt

    if not (output or chapters_to):
        raise Failure("name a file with -o, or a folder with --chapters-to.", Exit.USAGE)
    formats = formats_asked(formats_of(format), output, FORMATS | EXTRAS)
    for target in targets(output, formats).values() if output else ():
        check_writable(target)
    make_folder(chapters_to)
    with terminate_as_interrupt(), some_server(Where(url, data, up_voice, checkpoint)) as server:
        finish(server, server.api.job(book_id), Deliver(output, chapters_to, tuple(formats)))
