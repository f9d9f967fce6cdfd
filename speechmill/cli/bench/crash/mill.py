"""A stack with two speech workers: one that takes units and never comes to their end, and one that starts when it holds them."""

import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from speechmill.cli.signals import terminate_as_interrupt
from speechmill.cli.stack.folder import DataFolder
from speechmill.cli.stack.part import Part, Program
from speechmill.cli.stack.parts import Asked
from speechmill.cli.stack.redis import free_port
from speechmill.cli.stack.stack import Stack, open_stack
from speechmill.cli.voices import Voice

PROGRAM = "speechmill.cli.bench.crash.paced_worker"
NEVER = 1000.0
"""The pace of the worker that is to die: its takes last for hours."""


@dataclass
class Mill:
    """`dying` runs; `living` is to be started. `spoken` lists the texts that either has spoken to the end."""

    stack: Stack
    dying: Part
    living: Part
    spoken: Path

    def spoken_twice(self) -> int:
        lines = self.spoken.read_text().splitlines() if self.spoken.exists() else []
        return len(lines) - len(set(lines))


@contextmanager
def running_mill(settings: Mapping[str, str], pace: float) -> Iterator[Mill]:
    """Ready to take units, in a folder that is thrown away. Raises Failure."""
    asked = Asked(free_port(), Voice.TONE, settings=settings)
    with (tempfile.TemporaryDirectory(prefix="speechmill-bench-") as name, terminate_as_interrupt(),
          open_stack(DataFolder(Path(name)), asked, hurry=lambda: True) as stack):
        (speech, cpu), *others = stack.stages
        folder, spoken = stack.folder.path, Path(name) / "spoken.txt"
        dying = Part(_paced(speech.program, "dying", NEVER, folder, spoken), stack.group.id)
        living = Part(_paced(speech.program, "living", pace, folder, spoken), stack.group.id)
        # It is stopped with the others whether it was started or not.
        stack.stages = ((dying, cpu), *others)
        stack.start()
        stack.wait_ready(lambda: False)
        stack.stages = ((dying, living, cpu), *others)
        yield Mill(stack, dying, living, spoken)


def start(part: Part) -> None:
    part.start(time.monotonic())


def _paced(program: Program, name: str, pace: float, folder: Path, spoken: Path) -> Program:
    scratch = folder / f"scratch-{name}"
    scratch.mkdir()
    command = (sys.executable, "-P", "-m", PROGRAM, f"{pace:g}", str(spoken))
    environment = {**program.environment, "SPEECHMILL_WORKER__SCRATCH": str(scratch)}
    return replace(program, name=f"{name} worker", command=command, environment=environment, log=folder / "logs" / f"{name}.log")
