"""Captions beside a sound file: `--srt` and `--vtt`."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from speechmill.cli.sound_file import check_writable

if TYPE_CHECKING:
    from speechmill.cli.api import Api, JobView

Srt = Annotated[Path | None, typer.Option("--srt", metavar="FILE", help="Write captions (SubRip) to this file, too.")]
Vtt = Annotated[Path | None, typer.Option("--vtt", metavar="FILE", help="Write captions (WebVTT) to this file, too.")]
Times = Annotated[Path | None, typer.Option("--times", metavar="FILE", help=(
    "Write when each sentence and word is heard (JSON) to this file, too."))]


def check_caption_files(*targets: Path | None) -> None:
    """Raises Failure when one that is wanted can't be written."""
    for target in targets:
        if target:
            check_writable(target)


def save_captions(api: "Api", job: "JobView", *, srt: Path | None, vtt: Path | None, times: Path | None = None) -> None:
    """Those that are wanted, of a completed job."""
    for variant, target in (("srt", srt), ("vtt", vtt), ("timestamps", times)):
        if target:
            api.save_variant(job, variant, target)
