"""A one-command stack for the time of one command: started, kept alive, stopped."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from speechmill.cli.exits import Failure
from speechmill.cli.up import TEND_S, wait_ready
from speechmill.cli.voices import Voice, require_checkpoint

if TYPE_CHECKING:
    from speechmill.cli.stack.stack import Stack


@contextmanager
def own_stack(folder: Path, voice: Voice, checkpoint: str) -> Iterator["Stack"]:
    """Ready to speak, on a port that nobody uses. Raises Failure when it can't start, or another one runs on `folder`."""
    from speechmill.cli.doctor.needs import require
    from speechmill.cli.stack.folder import DataFolder
    from speechmill.cli.stack.parts import Asked
    from speechmill.cli.stack.redis import free_port
    from speechmill.cli.stack.stack import open_stack

    require(voice)
    require_checkpoint(voice, checkpoint)
    with open_stack(DataFolder(folder), Asked(free_port(), voice, checkpoint=checkpoint)) as stack:
        stack.start()
        import speechmill.cli.api  # noqa: F401  while the parts start

        wait_ready(stack, voice, lambda: False)
        typer.echo(f"started Redis, a producer and two workers at {stack.address.url}", err=True)
        with _tended(stack):
            yield stack


@contextmanager
def _tended(stack: "Stack") -> Iterator[None]:
    """Inside, what dies of the stack is started again: by a thread, since a command waits for its server most of the time."""
    over = threading.Event()

    def tend() -> None:
        while not over.wait(TEND_S):
            try:
                for ended in stack.tend():
                    typer.echo(f"{ended}; starting it again in {ended.pause_s:g} s", err=True)
            except Failure as failure:
                typer.echo(failure.message, err=True)

    thread = threading.Thread(target=tend, name="tend", daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()
