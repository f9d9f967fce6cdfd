"""`speechmill chaos`: the real system under fire, and an audit that nothing was lost and nothing done twice."""

import importlib.util
import random
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from speechmill.cli.exits import Exit, Failure
from speechmill.cli.options import Json
from speechmill.cli.voices import Voice

if TYPE_CHECKING:
    from speechmill.cli.chaos.audit import Evidence
    from speechmill.cli.chaos.run import Order


def chaos(
    seed: Annotated[int | None, typer.Option(min=0, help="The same seed breaks the same things at the same moments; drawn and "
                                                         "printed if left out.")] = None,
    seconds: Annotated[float, typer.Option(min=5, max=86_400, help="How long the system is under fire.")] = 60,
    clients: Annotated[int, typer.Option(min=1, max=256, help="Clients at once.")] = 12,
    data: Annotated[Path | None, typer.Option(metavar="FOLDER", file_okay=False,
                                              help="New or empty: where everything lies, and stays; else a folder that stays "
                                                   "only when something did not hold.")] = None,
    json: Json = False,
) -> None:
    """Start Redis, a producer, workers and an S3 server, kill and freeze them, fill them up and cut them off while clients post,
    and then hold what the clients saw against what is there. The last line is the audit, as JSON; status 0 only if all holds."""
    from speechmill.cli.chaos.report import as_line, show, verdict
    from speechmill.cli.chaos.run import Order
    from speechmill.cli.chaos.schedule import schedule

    _require()
    seed = random.SystemRandom().randrange(1_000_000) if seed is None else seed
    planned = schedule(seed, seconds)
    _tell(f"seed {seed}, {seconds:g} s, {len(planned)} faults:")
    for fault in planned:
        _tell(str(fault))
    with _folder(data) as (folder, keep):
        evidence = _run(folder, Order(seed, seconds, clients, planned, _tell))
        found = verdict(seed, seconds, planned, evidence)
        if not found["ok"]:
            keep()
    if not json:
        show(found, evidence)
    typer.echo(as_line(found))
    if not found["ok"]:
        raise typer.Exit(Exit.FAILED)


def _run(folder: Path, order: "Order") -> "Evidence":
    import asyncio

    from speechmill.cli.chaos.run import run
    from speechmill.cli.chaos.system import open_system
    from speechmill.cli.signals import terminate_as_interrupt
    from speechmill.cli.stack.folder import DataFolder

    with terminate_as_interrupt(), open_system(DataFolder(folder)) as system:
        _tell("starting the system")
        return asyncio.run(run(system, order))


def _require() -> None:
    """Raises Failure that names what is missing."""
    from speechmill.cli.chaos.s3_server import rclone
    from speechmill.cli.doctor.needs import require

    require(Voice.TONE)
    rclone()
    if importlib.util.find_spec("standardwebhooks") is None:
        raise Failure("the library that receivers of webhooks verify with is missing (pip install 'speechmill[chaos]').",
                      Exit.UNAVAILABLE)


@contextmanager
def _folder(asked: Path | None) -> Iterator[tuple[Path, Callable[[], None]]]:
    """A folder to run in, and what makes it stay."""
    if asked:
        if asked.exists() and any(asked.iterdir()):  # the jobs of another run would be jobs that no client knows
            raise Failure(f"--data must be a folder that is new or empty; there is something in {asked}.", Exit.USAGE)
        yield asked, lambda: None
        return
    folder, kept = Path(tempfile.mkdtemp(prefix="speechmill-chaos-")), [False]

    def keep() -> None:
        kept[0] = True
        _tell(f"everything is left in {folder}, with the logs")

    try:
        yield folder, keep
    except Exception:
        keep()
        raise
    finally:
        if not kept[0]:
            shutil.rmtree(folder, ignore_errors=True)


def _tell(what: str) -> None:
    typer.echo(what, err=True)
