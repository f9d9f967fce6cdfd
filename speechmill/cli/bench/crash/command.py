"""`speechmill bench crash`: how soon others do what a worker held that is killed, or told to stop."""

import os
import platform
from collections.abc import Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any

import typer

from speechmill.cli.options import Json
from speechmill.cli.show import show_json, show_table
from speechmill.cli.voices import Voice

if TYPE_CHECKING:
    from speechmill.cli.bench.crash.measure import Moved, Plan

LEASES_S = "3,30"
WHAT = {"kill": "kill -9", "stop": "SIGTERM"}


def crash(
    units: Annotated[int, typer.Option(min=2, max=1000, help="Units that the worker has in flight.")] = 256,
    leases: Annotated[str, typer.Option(metavar="S,S…", help="Leases to kill it under.")] = LEASES_S,
    grace: Annotated[float, typer.Option(min=0, max=600, help="Seconds that a worker which is told to stop has to finish.")] = 2,
    speaking: Annotated[float, typer.Option(min=0, max=600, help=(
        "Seconds that a unit takes the worker that lives. The engine needs 2.1 for 15 s of speech with 256 in flight."))] = 2.1,
    rounds: Annotated[int, typer.Option(min=1, max=100, help="How often each is measured.")] = 1,
    json: Json = False,
) -> None:
    """Measure how soon another worker does the units of one that is killed in the middle of them all, or told to stop. A stack is
    started for each, and thrown away."""
    from speechmill.cli.bench.crash.measure import Plan, measure
    from speechmill.cli.doctor.needs import require

    require(Voice.TONE)
    plans = [Plan("kill", units, lease_s, grace, speaking) for lease_s in _leases_s(leases)]
    plans.append(Plan("stop", units, plans[-1].lease_s, grace, speaking))
    runs: list[tuple[Plan, Moved]] = []
    try:
        for plan in plans:
            for _ in range(rounds):
                typer.echo(f"{WHAT[plan.end]}, {units} units in flight, leases of {plan.lease_s:g} s", err=True)
                runs.append((plan, measure(plan)))
    finally:  # a run that was measured stands whatever the next one does
        if runs:
            _show(runs, json)


def _show(runs: "Sequence[tuple[Plan, Moved]]", as_json: bool) -> None:
    if as_json:
        show_json({"machine": {"cores": os.cpu_count(), "python": platform.python_version(), "load_average": os.getloadavg()[0]},
                   "runs": [{**asdict(plan), **asdict(moved)} for plan, moved in runs]})
        return
    show_table(("SECONDS UNTIL", "AT MOST", "FIRST FREE", "RUNS ELSEWHERE", "LAST FREE", "RUNS ELSEWHERE", "ALL ENDED",
                "SPOKEN TWICE", "CHARGED"),
               [_row(plan.end, plan.lease_s if plan.end == "kill" else plan.grace_s, moved) for plan, moved in runs])
    typer.echo(f"on {os.cpu_count()} cores, Python {platform.python_version()}")


def _leases_s(leases: str) -> list[float]:
    """Raises typer.BadParameter."""
    try:
        found = [float(lease) for lease in leases.split(",")]
    except ValueError:
        found = []
    if not found or min(found) < 1:
        raise typer.BadParameter(f"--leases is seconds of at least 1 with commas between them, like {LEASES_S}, not {leases!r}.")
    return found


def _row(end: str, until_s: float, moved: "Moved") -> tuple[Any, ...]:
    name = f"{WHAT[end]}, {'lease' if end == 'kill' else 'grace'} of {until_s:g} s"
    times = (moved.first_free_s, moved.first_elsewhere_s, moved.last_free_s, moved.last_elsewhere_s, moved.all_ended_s)
    return (name, f"{until_s + 1:g}", *(f"{seconds:.2f}" for seconds in times), f"{moved.spoken_twice}", f"{moved.charged}")
