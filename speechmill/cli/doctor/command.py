"""`speechmill doctor`: what is missing here, and how to get it."""

import os
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from speechmill.cli.exits import Exit
from speechmill.cli.options import DEFAULT_DATA, Data, Json
from speechmill.cli.voices import Voice

if TYPE_CHECKING:
    from speechmill.cli.doctor.finding import Finding


def doctor(
    data: Data = DEFAULT_DATA,
    port: Annotated[int, typer.Option(envvar="SPEECHMILL_PRODUCER__PORT", min=0, max=65535, help="The port to look at.")] = 8000,
    voice: Annotated[Voice, typer.Option(envvar="SPEECHMILL_WORKER__VOICE", help="What shall speak.")] = Voice.ESPEAK,
    json: Json = False,
) -> None:
    """Say what is missing, and how to get it. Ends with status 0 if `speechmill up` can run here."""
    from speechmill.cli.doctor import engine, needs, place, programs, services
    from speechmill.cli.stack.folder import DataFolder
    from speechmill.cli.stack.parts import Address

    host = os.environ.get("SPEECHMILL_PRODUCER__HOST") or "127.0.0.1"
    findings = [services.settings_in_use(), *map(programs.with_version, needs.needs(voice)), *engine.engine(voice),
                programs.encoders(), place.data_folder(data), place.port(Address(host, port)),
                services.redis_in_use(DataFolder(data)), services.storage_in_use(), services.speech_server_in_use(voice)]
    can_run = all(finding.state != "missing" for finding in findings)
    _show(findings, can_run, json)
    if not can_run:
        raise typer.Exit(Exit.FAILED)


def _show(findings: "list[Finding]", can_run: bool, as_json: bool) -> None:
    from speechmill.cli.show import show_json, show_table

    if as_json:
        show_json({"ok": can_run, "checks": [asdict(finding) for finding in findings]})
        return
    show_table(("", "WHAT", "FOUND"), [(finding.state, finding.name, finding.detail) for finding in findings])
    for finding in findings:
        if finding.fix and finding.state != "ok":
            typer.echo(f"{finding.name}: {finding.fix}")
    typer.echo("`speechmill up` can run here." if can_run else "`speechmill up` cannot run here yet.")
