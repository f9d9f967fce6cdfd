"""`speechmill book FILE`: a book in, an audiobook out."""

from pathlib import Path
from typing import Annotated

import typer

from speechmill.cli.book import options
from speechmill.cli.book.options import Deliver, Where
from speechmill.cli.exits import Exit, Failure
from speechmill.cli.options import Json
from speechmill.cli.sound_file import check_writable, data_url
from speechmill.cli.voices import Checkpoint, Voice


def make(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="EPUB, Markdown, plain text or JSON.")],
    output: options.Output = None,
    voice: options.Speaker = "",
    model: options.Model = "",
    language: options.Language = "",
    instructions: options.Instructions = "",
    seed: Annotated[int | None, typer.Option(help="The same seed gives the same sound again.")] = None,
    ref_audio: Annotated[Path | None, typer.Option(metavar="FILE", help="1 to 30 s of a voice to clone, for models that "
                                                                        "do.")] = None,
    ref_text: Annotated[str, typer.Option(help="What is said there, word for word; the clone is closer then.")] = "",
    cast: options.Cast = None,
    lexicon: options.LexiconFile = None,
    chapters: options.Chapters = "",
    format: options.Formats = "",
    loudness: options.Loudness = "",
    title: Annotated[str, typer.Option(help="Instead of the file's own.")] = "",
    author: Annotated[str, typer.Option(help="Instead of the file's own.")] = "",
    chapters_to: options.ChaptersTo = None,
    url: options.ServerUrl = "",
    data: options.ServerData = None,
    up_voice: options.UpVoice = Voice.ESPEAK,
    checkpoint: Checkpoint = "",
    json: Json = False,
) -> None:
    """Make an audiobook of FILE; the word `make` may be left out. Ctrl-C leaves the book as far as it is, and the same command
    goes on with it; so it does after a crash."""
    from speechmill.cli.book.asked import cast_of, formats_of, lexicon_of
    from speechmill.cli.book.chapter_files import make_folder
    from speechmill.cli.book.files import FORMATS, formats_asked, targets
    from speechmill.cli.book.finish import finish
    from speechmill.cli.book.order import order
    from speechmill.cli.book.send import send
    from speechmill.cli.book.server import some_server
    from speechmill.cli.signals import terminate_as_interrupt

    formats = formats_asked(formats_of(format), output, FORMATS)
    asked = order(file, voice=voice, model=model, language=language, instructions=instructions, seed=seed,
                  ref_audio=data_url(ref_audio) if ref_audio else "", ref_text=ref_text, cast=cast_of(cast),
                  lexicon=lexicon_of(lexicon), include=chapters, formats=formats, loudness=loudness, title=title, author=author)
    if not output:
        raise Failure(f"say where the book goes, for instance -o {file.with_suffix('.m4b').name}.", Exit.USAGE)
    for target in targets(output, formats).values():
        check_writable(target)
        if target.exists() and target.samefile(file):
            raise Failure(f"{target} is the book that is to be read; write elsewhere with -o.", Exit.USAGE)
    make_folder(chapters_to)
    with terminate_as_interrupt(), some_server(Where(url, data, up_voice, checkpoint), first=True) as server:
        book = finish(server, send(server.api, asked), Deliver(output, chapters_to))
    if json:
        from speechmill.cli.show import show_json

        show_json(book)
