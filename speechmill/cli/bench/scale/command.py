"""`speechmill bench scale`: what stays flat while a hundred thousand jobs wait, and where one Redis ends."""

import os
import platform
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from speechmill.cli.options import in_a_folder

if TYPE_CHECKING:
    from speechmill.cli.bench.scale.limit import Load
    from speechmill.cli.bench.scale.report import Report


def scale(
    quick: Annotated[bool, typer.Option("--quick", help="A few seconds with few jobs: shows that it runs, not how fast "
                                                        "Redis is.")] = False,
    json: Annotated[Path | None, typer.Option(
        metavar="FILE", dir_okay=False, callback=in_a_folder, help="Write the figures there too.")] = None,
) -> None:
    """Measure the job store on a Redis of its own: each call while up to 100,000 jobs wait, a job of 20,000 segments, beats of up
    to 4,096 leases, and how many units a second one Redis can do. Takes four minutes."""
    from speechmill.cli.bench.scale.report import show

    report = _measured(quick)
    show(report)
    if json:
        import json as json_format

        json.write_text(json_format.dumps(report.as_json(), indent=2) + "\n", "utf-8")


def _measured(quick: bool) -> "Report":
    from speechmill.cli.bench.scale.book import measure_book
    from speechmill.cli.bench.scale.curve import Depths, measure_curve
    from speechmill.cli.bench.scale.leases import measure_beats, measure_crash
    from speechmill.cli.bench.scale.limit import measure_limit
    from speechmill.cli.bench.scale.memory import measure_ended
    from speechmill.cli.bench.scale.report import Report
    from speechmill.cli.bench.scale.server import running_server
    from speechmill.cli.signals import terminate_as_interrupt

    depths = (Depths(jobs=(100, 1_000), tenants=(10,), calls=20, rounds=1) if quick else
              Depths(jobs=(100, 1_000, 10_000, 100_000), tenants=(10, 1_000), calls=50, rounds=8))
    segments, leases = (1_000, (64, 4_096)) if quick else (20_000, (256, 512, 1_024, 2_048, 4_096))
    with terminate_as_interrupt(), running_server() as server:
        with running_server() as beside:
            points = list(measure_curve(server, beside, depths, _tell))
        ended_bytes = measure_ended(server, 100 if quick else 2_000)
        _tell(f"a job of {segments:,} segments")
        book = measure_book(server, segments, calls=20 if quick else 200, rounds=1 if quick else 5)
        _tell(f"up to {leases[-1]:,} leases")
        beats = list(measure_beats(server, leases, beats=3 if quick else 20))
        crashes = [measure_crash(server, n) for n in (leases[0], leases[-1])]
        reached = list(measure_limit(server, _loads(quick), _tell))
    return Report(machine={"cores": os.cpu_count(), "python": platform.python_version(), "system": platform.platform(),
                           "load_average": os.getloadavg()[1]},
                  points=points, ended_bytes=ended_bytes, book=book, beats=beats, crashes=crashes, reached=reached)


def _loads(quick: bool) -> "Sequence[Load]":
    """More and more workers; then the most of them, with the disk in each answer and without, in turns."""
    from speechmill.cli.bench.scale.limit import Load

    if quick:
        return [Load("segment", 1, "always", 0.5), Load("sentence", 2, "everysec", 0.5)]
    rising = [Load("segment", n, "always", 2) for n in (1, 2, 4, 8)]
    return [*rising, *(Load(kind, 8, fsync, 2) for _ in range(2) for kind in ("segment", "sentence")
                       for fsync in ("always", "everysec"))]


def _tell(what: str) -> None:
    typer.echo(what, err=True)
