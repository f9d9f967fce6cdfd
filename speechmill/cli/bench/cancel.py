"""`speechmill bench cancel`: how soon a job that runs has stopped once it is cancelled."""

import os
import platform
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from speechmill.cli.options import Json
from speechmill.cli.voices import Voice

if TYPE_CHECKING:
    from speechmill.cli.stack.stack import Stack

SPEECH_WORKER = "speechmill.cli.chaos.mortal_worker"
"""Its tone takes its time: 0.08 s for a second of sound."""
LEASE_S = 4
"""A beat comes four times in a lease: every second, which is less than most segments take here."""


def cancel(
    jobs: Annotated[int, typer.Option(min=1, max=10_000, help="Jobs to cancel while they run.")] = 200,
    lost: Annotated[int, typer.Option(min=1, max=10_000, help="Jobs to cancel with the message to the worker lost.")] = 40,
    json: Json = False,
) -> None:
    """Measure how long jobs go on after they were cancelled: with the message that stops them, and with one beat in its place."""
    from speechmill.cli.bench.cancel_times import Plan, measure_cancels
    from speechmill.cli.doctor.needs import require

    require(Voice.TONE)
    with _stack() as stack:
        _tell(f"cancelling {jobs} jobs that run")
        told = measure_cancels(stack.address, stack.redis_url, Plan(jobs, is_lost=False))
        _tell(f"cancelling {lost} more, and the message is lost")
        unheard = measure_cancels(stack.address, stack.redis_url, Plan(lost, is_lost=True))
        results = stack.folder.objects / "t"
        left = sum(any((results / "local" / "results" / job_id).rglob("*")) for job_id in (*told.ids, *unheard.ids))
    figures = {name: {key: value for key, value in asdict(run).items() if key != "ids"}
               for name, run in (("told", told), ("lost", unheard))}
    _show({"machine": {"cores": os.cpu_count(), "python": platform.python_version(), "load_average": os.getloadavg()[0]},
           "beat_ms": LEASE_S * 250, **figures, "jobs_with_objects_left": left}, json)


@contextmanager
def _stack() -> "Iterator[Stack]":
    """A ready stack in a folder that is thrown away; its speech worker takes its time."""
    from speechmill.cli.signals import terminate_as_interrupt
    from speechmill.cli.stack.folder import DataFolder
    from speechmill.cli.stack.part import Part
    from speechmill.cli.stack.parts import Asked
    from speechmill.cli.stack.redis import free_port
    from speechmill.cli.stack.stack import open_stack

    asked = Asked(free_port(), Voice.TONE, settings={"SPEECHMILL_WORKER__LEASE_S": f"{LEASE_S}"})
    with (tempfile.TemporaryDirectory(prefix="speechmill-bench-") as folder, terminate_as_interrupt(),
          open_stack(DataFolder(Path(folder)), asked) as stack):
        (speech, cpu), *others = stack.stages
        slow = replace(speech.program, command=(sys.executable, "-P", "-m", SPEECH_WORKER))
        stack.stages = ((Part(slow, stack.group.id), cpu), *others)
        stack.start()
        stack.wait_ready(lambda: False)
        yield stack


def _show(report: dict[str, Any], as_json: bool) -> None:
    from speechmill.cli.show import show_json, show_table

    if as_json:
        show_json(report)
        return
    names = {"told": "the message arrived", "lost": f"it was lost; a beat comes every {report['beat_ms']:g} ms"}
    show_table(("UNTIL THE SLOT WAS FREE", "RAN", "IDLE", "P50 MS", "P99 MS", "MAX MS", "VISIBLE"),
               [(name, *(f"{report[key][field]:g}" for field in ("ran", "idle", "p50_ms", "p99_ms", "max_ms", "visible")))
                for key, name in names.items()])
    typer.echo(f"jobs that left an uncommitted object for the reaper: {report['jobs_with_objects_left']}")
    typer.echo(f"on {report['machine']['cores']} cores, Python {report['machine']['python']}")


def _tell(what: str) -> None:
    typer.echo(what, err=True)
