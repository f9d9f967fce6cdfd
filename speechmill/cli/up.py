"""`speechmill up`: the whole system on one machine, by one command."""

import os
import sys
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated

import typer

from speechmill.cli.options import DEFAULT_DATA, Data
from speechmill.cli.voices import Checkpoint, Voice, require_checkpoint

if TYPE_CHECKING:
    from speechmill.cli.stack.folder import DataFolder
    from speechmill.cli.stack.stack import Stack

TEND_S = 0.2


def up(
    data: Data = DEFAULT_DATA,
    port: Annotated[int, typer.Option(envvar="SPEECHMILL_PRODUCER__PORT", min=0, max=65535,
                                      help="Where the producer listens; 0 finds a free port.")] = 8000,
    voice: Annotated[Voice, typer.Option(envvar="SPEECHMILL_WORKER__VOICE", help="What speaks.")] = Voice.ESPEAK,
    checkpoint: Checkpoint = "",
) -> None:
    """Start Redis, a producer and workers on this machine, until Ctrl-C or SIGTERM. Whatever was unfinished goes on."""
    from speechmill.cli.doctor.needs import require
    from speechmill.cli.signals import StopSignals
    from speechmill.cli.stack.folder import DataFolder
    from speechmill.cli.stack.parts import Asked
    from speechmill.cli.stack.redis import free_port
    from speechmill.cli.stack.stack import open_stack

    require(voice)
    require_checkpoint(voice, checkpoint)
    asked = Asked(port or free_port(), voice, checkpoint=checkpoint)
    with StopSignals() as signals, open_stack(DataFolder(data), asked, hurry=lambda: signals.seen > 1) as stack:
        stack.start()
        wait_ready(stack, voice, lambda: signals.seen > 0)
        if not signals.seen:
            typer.echo(f"speechmill is ready at {stack.address.url}")
            sys.stdout.flush()
            _hints(stack.folder)
        while not signals.seen:
            time.sleep(TEND_S)
            for ended in stack.tend():
                typer.echo(f"{ended}; starting it again in {ended.pause_s:g} s", err=True)
        typer.echo("stopping; what is being spoken is finished first, and Ctrl-C again stops at once", err=True)


def wait_ready(stack: "Stack", voice: Voice, stopping: Callable[[], bool]) -> None:
    """However long an engine takes to be fetched, loaded and warmed up, or another server to answer: it says how far it is, and
    ends where it can't go on."""
    from speechmill.cli.stack.stack import ENGINE_READY_S

    if voice.takes_time:
        stack.wait_ready(stopping, patience_s=ENGINE_READY_S, tell=lambda line: typer.echo(line, err=True))
    else:
        stack.wait_ready(stopping)


def _hints(folder: "DataFolder") -> None:
    typer.echo(f"data and logs: {folder.path.absolute()}", err=True)
    if not os.environ.get("SPEECHMILL_WEBHOOKS__ALLOW_CIDRS"):
        typer.echo("webhooks to this machine are refused; to allow them while you develop, start with "
                   "SPEECHMILL_WEBHOOKS__ALLOW_CIDRS=127.0.0.0/8", err=True)
