"""Following a batch to its end, and writing what became of it."""

import time
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import typer

from speechmill.cli.batch.api import BatchApi, BatchView
from speechmill.cli.batch.server import BatchServer
from speechmill.cli.batch.words import batch_line, error_lines
from speechmill.cli.book.tell import tell
from speechmill.cli.exits import Exit, Failure
from speechmill.cli.follow import ENDS

AWAY_S = 900.0
"""A batch outlasts the restart of a machine, and so does its following."""
PACE_S = 1.0
SHEETS = {"output_file_id": "output.jsonl", "error_file_id": "error.jsonl", "manifest_file_id": "manifest.jsonl"}
ARCHIVE = "archive.zip"


def finish(server: BatchServer, batch: BatchView, folder: Path | None, *, zipped: bool) -> BatchView:
    """The batch once it has ended, and its files written. Raises Failure when it did not end well, or a line failed."""
    with _said_how_to_go_on(server, batch["id"], folder):
        batch = _followed(server.api, batch)
        if folder and batch["manifest_file_id"]:
            _write(server.api, batch, folder, zipped=zipped)
        elif folder and batch["error_file_id"]:
            server.api.save_file(batch["error_file_id"], folder / SHEETS["error_file_id"])
    for line in error_lines(batch):
        tell(line)
    _check(batch)
    return batch


def _followed(api: BatchApi, batch: BatchView) -> BatchView:
    """Tells each change on stderr, once a second at most."""
    told, away_since = "", None
    while True:
        if (line := batch_line(batch)) != told:
            tell(told := line)
        if batch["status"] in ENDS:
            return batch
        time.sleep(PACE_S)
        try:
            batch, away_since = api.job(batch["id"]), None
        except Failure as failure:
            away_since = away_since or time.monotonic()
            if failure.exit is not Exit.UNAVAILABLE or time.monotonic() > away_since + AWAY_S:
                raise


def _write(api: BatchApi, batch: BatchView, folder: Path, *, zipped: bool) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for field, name in SHEETS.items():
        if batch[field]:
            api.save_file(batch[field], folder / name)
    archive = folder / ARCHIVE
    api.save_file(batch["archive_file_id"], archive)
    if zipped:
        tell(f"{archive}: the sound of {batch['request_counts']['completed']} lines")
        return
    # It checks each member's CRC, and lets none of them leave the folder.
    with zipfile.ZipFile(archive) as members:
        members.extractall(folder)
    archive.unlink()
    tell(f"{folder}: the sound of {batch['request_counts']['completed']} lines; manifest.jsonl says which is which")


def _check(batch: BatchView) -> None:
    if batch["status"] != "completed":
        raise Failure(f"{batch['id']} has ended as {batch['status']}.", ENDS[batch["status"]])
    if failed := batch["request_counts"]["failed"]:
        raise Failure(f"{failed} lines of {batch['id']} could not be spoken; error.jsonl says why.")


@contextmanager
def _said_how_to_go_on(server: BatchServer, batch_id: str, folder: Path | None) -> Iterator[None]:
    """Neither Ctrl-C nor a server that stays away ends the batch: whoever stops waiting is told how to go on."""
    again = server.command("download", batch_id, "-o", str(folder or "FOLDER"))
    try:
        yield
    except KeyboardInterrupt:
        where = "is kept as far as it is" if server.ends_with_us else f"goes on at {server.api.url}"
        tell(f"speechmill: interrupted; {batch_id} {where}. To go on with it:\n    {again}")
        tell(f"To give it up:\n    {server.command('cancel', batch_id)}")
        raise typer.Exit(Exit.CANCELLED) from None
    except Failure as failure:
        if failure.exit is Exit.UNAVAILABLE:
            raise Failure(f"{failure.message} The batch is not lost; `{again}` goes on.", failure.exit) from None
        raise
