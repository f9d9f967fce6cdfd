"""`speechmill batch FILE`: JSON lines in, the sound of each of them out."""

from pathlib import Path
from typing import Annotated

import typer

from speechmill.cli.batch import options
from speechmill.cli.book.options import ServerData, ServerUrl, UpVoice, Where
from speechmill.cli.exits import Exit, Failure
from speechmill.cli.options import Json
from speechmill.cli.voices import Checkpoint, Voice


def make(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="One request a line, as OpenAI's batches have them.")],
    output: options.Output = None,
    window: Annotated[str, typer.Option(metavar="TIME", help="How long it may take, such as 90m or 7d; at most 30d.")] = "24h",
    zip: options.Zip = False,
    no_wait: Annotated[bool, typer.Option("--no-wait", help="Only say its id, and leave it to the server.")] = False,
    url: ServerUrl = "",
    data: ServerData = None,
    up_voice: UpVoice = Voice.ESPEAK,
    checkpoint: Checkpoint = "",
    json: Json = False,
) -> None:
    """Speak every line of FILE; the word `make` may be left out. Nothing is spoken when any line is wrong. Ctrl-C leaves the
    batch to the server; `batch download` goes on with it."""
    from speechmill.cli.batch.finish import finish
    from speechmill.cli.batch.server import batch_server
    from speechmill.cli.book.tell import tell
    from speechmill.cli.show import show_json
    from speechmill.cli.signals import terminate_as_interrupt

    if not file.is_file():
        raise Failure(f"{file} is no file; name one with JSON lines, or a command that `speechmill batch --help` lists.",
                      Exit.USAGE)
    if not (output or no_wait):
        raise Failure(f"say where the sound goes, for instance -o {file.stem}, or --no-wait.", Exit.USAGE)
    with terminate_as_interrupt(), batch_server(Where(url, data, up_voice, checkpoint), first=True) as server:
        batch = server.api.create_batch(server.api.upload(file), window)
        if no_wait and not server.ends_with_us:
            tell(f"{server.command('download', batch['id'], '-o', 'FOLDER')} waits for it and writes it to a folder.")
        else:
            batch = finish(server, batch, output, zipped=zip)
    show_json(batch) if json else typer.echo(batch["id"])
