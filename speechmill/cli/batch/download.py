"""`speechmill batch download`: the files of a batch, also of one that is still being made."""

import typer

from speechmill.cli.batch import options
from speechmill.cli.book.options import ServerData, ServerUrl, UpVoice, Where
from speechmill.cli.exits import Exit, Failure
from speechmill.cli.options import Json
from speechmill.cli.voices import Checkpoint, Voice


def download(
    batch_id: options.BatchId,
    output: options.Output = None,
    zip: options.Zip = False,
    url: ServerUrl = "",
    data: ServerData = None,
    up_voice: UpVoice = Voice.ESPEAK,
    checkpoint: Checkpoint = "",
    json: Json = False,
) -> None:
    """Wait for a batch and write it to a folder. Of one that was cancelled, or has expired, what was spoken until then."""
    from speechmill.cli.batch.finish import finish
    from speechmill.cli.batch.server import batch_server
    from speechmill.cli.show import show_json
    from speechmill.cli.signals import terminate_as_interrupt

    if not output:
        raise Failure("name a folder with -o.", Exit.USAGE)
    with terminate_as_interrupt(), batch_server(Where(url, data, up_voice, checkpoint)) as server:
        batch = finish(server, server.api.job(batch_id), output, zipped=zip)
    show_json(batch) if json else typer.echo(batch["id"])
