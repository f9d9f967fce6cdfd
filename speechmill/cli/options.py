"""Options that several commands share."""

from pathlib import Path
from typing import Annotated

import typer

DEFAULT_URL = "http://127.0.0.1:8000"

Url = Annotated[str, typer.Option(
    "--url", envvar="SPEECHMILL_URL", help="Where the producer listens.", metavar="URL")]

Json = Annotated[bool, typer.Option("--json", help="Write JSON to stdout instead of a table.")]

Data = Annotated[Path, typer.Option(
    "--data", help="Folder that holds everything of the one-command stack.", file_okay=False, metavar="FOLDER")]

DEFAULT_DATA = Path("speechmill-data")


def in_a_folder(file: Path | None) -> Path | None:
    """A file that is written at the end: what took an hour to measure must not end for want of its folder."""
    if file and not file.parent.is_dir():
        raise typer.BadParameter(f"there is no folder {file.parent}.")
    return file
