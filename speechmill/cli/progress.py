"""A job's progress as a bar on stderr; nothing where stderr is not a terminal."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from speechmill.cli.api import JobView


@contextmanager
def progress_bar() -> Iterator[Callable[[JobView], None] | None]:
    """Gives what to call with each state of the job; None where nobody would see it."""
    if not sys.stderr.isatty():
        yield None
        return
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

    with Progress(TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), TimeRemainingColumn(),
                  console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("queued", total=100)

        def show(job: JobView) -> None:
            bar.update(task, completed=job["progress"], description=words(job))

        yield show


def words(job: JobView) -> str:
    """What is being done for the job, in a few words."""
    segments = job["segments"]
    if job["status"] == "queued" and job.get("waiting"):
        return str(job["waiting"]["detail"])
    if job["status"] == "in_progress" and segments["total"] > 1:
        if segments["completed"] == segments["total"]:
            return "joining"
        return f"speaking, {segments['completed']} of {segments['total']} segments"
    return str(job["status"]).replace("_", " ")
