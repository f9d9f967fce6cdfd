"""`speechmill webhook secret`: what receivers check signatures with."""

import os
from pathlib import Path
from typing import Annotated

import typer

from speechmill.cli.exits import Exit, Failure
from speechmill.cli.options import DEFAULT_DATA, Data

app = typer.Typer(no_args_is_help=True, rich_markup_mode=None, help="Webhooks.")

VARIABLE = "SPEECHMILL_WEBHOOKS__SECRET"




@app.command("secret")
def secret(
    data: Data = DEFAULT_DATA,
    new: Annotated[bool, typer.Option("--new", help="Print a fresh secret; nothing is changed.")] = False,
) -> None:
    """Print the secret that signs this machine's webhooks."""
    typer.echo(_new_secret() if new else known_secret(data))


def known_secret(data: Path) -> str:
    """The secret in use: the environment's, else the one that `up` made in the folder. Raises Failure."""
    from speechmill.cli.stack.secrets import read_secrets

    if os.environ.get(VARIABLE):
        return os.environ[VARIABLE]
    kept = read_secrets(data / "secrets.json")
    if kept is None:
        raise Failure(f"there is no secret in {data}: the first `speechmill up --data {data}` makes one. For a server that "
                      f"runs elsewhere, set {VARIABLE}; --new prints one to set.", Exit.NOT_FOUND)
    return kept.webhook_secret


def _new_secret() -> str:
    from speechmill.webhook import new_secret

    return new_secret()
