"""A stack for the time of a measurement, thrown away after it."""

import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from speechmill.cli.exits import Failure
from speechmill.cli.voices import Voice

if TYPE_CHECKING:
    from speechmill.cli.stack.stack import Stack

CAPPED_NOTE = ("random weights never end by themselves: each take lasts until the cap that its text sets, is flagged too_long, "
               "and is kept as it is (SPEECHMILL_WORKER__RESPEAK_FLAGGED=false)")


@contextmanager
def bench_stack(folder: Path, voice: Voice, checkpoint: str, settings: Mapping[str, str]) -> Iterator["Stack"]:
    """Ready to speak, on a port that nobody uses. `settings` are environment variables. Raises Failure."""
    from speechmill.cli.doctor.needs import require
    from speechmill.cli.signals import terminate_as_interrupt
    from speechmill.cli.stack import parts
    from speechmill.cli.stack.folder import DataFolder
    from speechmill.cli.stack.redis import free_port
    from speechmill.cli.stack.stack import open_stack
    from speechmill.cli.up import wait_ready

    require(voice)
    typer.echo("starting a stack", err=True)
    wanted = parts.Asked(free_port(), voice, checkpoint=checkpoint, settings=dict(settings))
    with terminate_as_interrupt(), open_stack(DataFolder(folder), wanted, hurry=lambda: True) as stack:
        stack.start()
        wait_ready(stack, voice, lambda: False)
        yield stack


def write_random(folder: Path, size: str) -> Path:
    """A checkpoint of random weights: tiny, 0.6b or 1.7b. Raises Failure."""
    from speechmill.cli.bench.engine import require_modules

    require_modules()
    typer.echo(f"making random weights: {size}", err=True)
    done = subprocess.run([sys.executable, "-P", "-m", "worker.bench.random_weights", str(folder), size], check=False)
    if done.returncode:
        raise Failure(f"the random checkpoint could not be made (status {done.returncode}).")
    return folder
