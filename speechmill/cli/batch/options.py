"""Options that several commands of `speechmill batch` share."""

from pathlib import Path
from typing import Annotated

import typer

BatchId = Annotated[str, typer.Argument(metavar="BATCH", help="The id of the batch.")]

Output = Annotated[Path | None, typer.Option(
    "--output", "-o", metavar="FOLDER", file_okay=False,
    help="Where the sound of each line goes, under its custom_id, and what the server says of all of them.")]

Zip = Annotated[bool, typer.Option("--zip", help="Leave the sound in one archive.zip.")]
