"""`speechmill batch list`, `show` and `cancel`."""

from typing import Annotated

import typer

from speechmill.cli.batch import options
from speechmill.cli.book.options import ServerData, ServerUrl, UpVoice, Where
from speechmill.cli.options import Json
from speechmill.cli.voices import Checkpoint, Voice


def list_batches(
    limit: Annotated[int, typer.Option(help="How many, 1 to 100.")] = 20,
    after: Annotated[str, typer.Option(metavar="BATCH", help="Go on after this batch, the last of the page before.")] = "",
    url: ServerUrl = "",
    data: ServerData = None,
    up_voice: UpVoice = Voice.ESPEAK,
    checkpoint: Checkpoint = "",
    json: Json = False,
) -> None:
    """List batches, the newest first."""
    from speechmill.cli.batch.server import batch_server
    from speechmill.cli.batch.words import batch_line
    from speechmill.cli.show import show_json

    with batch_server(Where(url, data, up_voice, checkpoint)) as server:
        page = server.api.jobs(limit=limit, after=after)
    if json:
        show_json(page)
        return
    for batch in page["data"]:
        typer.echo(batch_line(batch))
    if page["has_more"]:
        typer.echo(f"More: --after {page['last_id']}", err=True)


def show(
    batch_id: options.BatchId,
    url: ServerUrl = "",
    data: ServerData = None,
    up_voice: UpVoice = Voice.ESPEAK,
    checkpoint: Checkpoint = "",
    json: Json = False,
) -> None:
    """Show a batch as it is now, and what is wrong with its file, if anything is."""
    from speechmill.cli.batch.server import batch_server
    from speechmill.cli.batch.words import batch_line, error_lines
    from speechmill.cli.show import show_json

    with batch_server(Where(url, data, up_voice, checkpoint)) as server:
        batch = server.api.job(batch_id)
    if json:
        show_json(batch)
        return
    typer.echo(batch_line(batch))
    for line in error_lines(batch):
        typer.echo(line)


def cancel(
    batch_id: options.BatchId,
    url: ServerUrl = "",
    data: ServerData = None,
    up_voice: UpVoice = Voice.ESPEAK,
    checkpoint: Checkpoint = "",
    json: Json = False,
) -> None:
    """Give a batch up. What was spoken of it is kept; `batch download` fetches it."""
    from speechmill.cli.batch.server import batch_server
    from speechmill.cli.batch.words import batch_line
    from speechmill.cli.show import show_json

    with batch_server(Where(url, data, up_voice, checkpoint)) as server:
        batch = server.api.cancel(batch_id)
    show_json(batch) if json else typer.echo(batch_line(batch))
