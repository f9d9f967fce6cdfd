"""Following a batch to its end, and writing what became of it."""

import json
import time
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import typer

from speechmill.batch_view import line_content_path
from speechmill.cli.batch.api import BatchApi, BatchView
from speechmill.cli.batch.server import BatchServer
from speechmill.cli.batch.words import batch_line, error_lines
from speechmill.cli.book.tell import tell
from speechmill.cli.exits import Exit, Failure
from speechmill.cli.follow import ENDS
from speechmill.request import CONTENT_TYPES

AWAY_S = 900.0
"""A batch outlasts the restart of a machine, and so does its following."""
PACE_S = 1.0
SHEETS = {"output_file_id": "output.jsonl", "error_file_id": "error.jsonl", "manifest_file_id": "manifest.jsonl"}
ARCHIVE = "archive.zip"
LINES = "lines"
ENDINGS = {content_type: format for format, content_type in CONTENT_TYPES.items()}


def finish(server: BatchServer, batch: BatchView, folder: Path | None, *, zipped: bool) -> BatchView:
    """The batch once it has ended, and its files written. Raises Failure when it did not end well, or a line failed."""
    with _said_how_to_go_on(server, batch["id"], folder):
        batch = _followed(server.api, batch)
        if folder and batch["manifest_file_id"]:
            _write(server.api, batch, folder, zipped=zipped)
        elif folder and batch["error_file_id"]:
            folder.mkdir(parents=True, exist_ok=True)
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
    if batch["archive_file_id"]:
        _write_archive(api, batch["archive_file_id"], folder / ARCHIVE, zipped=zipped)
    apart = _write_lines_apart(api, batch["id"], folder)
    if together := batch["request_counts"]["completed"] - apart:
        tell(f"{folder / ARCHIVE if zipped else folder}: the sound of {together} lines; manifest.jsonl says which is which")
    if apart:
        tell(f"{folder / LINES}: the sound of {apart} lines that are in no zip, each under its number")


def _write_archive(api: BatchApi, file_id: str, archive: Path, *, zipped: bool) -> None:
    api.save_file(file_id, archive)
    if zipped:
        return
    # It checks each member's CRC, and lets none of them leave the folder.
    with zipfile.ZipFile(archive) as members:
        members.extractall(archive.parent)
    archive.unlink()


def _write_lines_apart(api: BatchApi, batch_id: str, folder: Path) -> int:
    """The sound that was too much for the zip, in a folder that no name in the zip can be. How many lines that were."""
    apart = 0
    with (folder / SHEETS["manifest_file_id"]).open(encoding="utf-8") as manifest:
        for row in map(json.loads, manifest):
            if row["file"] is None:
                (folder / LINES).mkdir(exist_ok=True)
                target = folder / LINES / f"{row['line']}.{ENDINGS[row['content_type']]}"
                api.save(line_content_path(batch_id, row["line"]), target, sha256=row["sha256"])
                apart += 1
    return apart


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
