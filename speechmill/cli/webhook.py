"""`speechmill webhook`: what receivers check signatures with, and events that no receiver took."""

import os
from pathlib import Path
from typing import Annotated

import typer

from speechmill.cli.exits import Exit, Failure
from speechmill.cli.options import DEFAULT_DATA, DEFAULT_URL, Data, Json, Url
from speechmill.cli.webhook_endpoints.app import app as endpoints

app = typer.Typer(no_args_is_help=True, rich_markup_mode=None, help="Webhooks.")
app.add_typer(endpoints, name="endpoints")

VARIABLE = "SPEECHMILL_WEBHOOKS__SECRET"


@app.command("secret")
def secret(
    data: Data = DEFAULT_DATA,
    new: Annotated[bool, typer.Option("--new", help="Print a fresh secret; nothing is changed.")] = False,
    tenant: Annotated[str, typer.Option(metavar="NAME", help="Whose events it signs; each tenant has another.")] = "local",
) -> None:
    """Print the secret that signs this machine's webhooks."""
    typer.echo(_new_secret() if new else _secret_of(tenant, data))


@app.command("dead")
def dead(
    limit: Annotated[int, typer.Option(help="How many, 1 to 100.")] = 20,
    after: Annotated[str, typer.Option(metavar="EVENT", help="Go on after this event, the last of the page before.")] = "",
    url: Url = DEFAULT_URL,
    json: Json = False,
) -> None:
    """List events that were given up after all their tries, the newest first."""
    from speechmill.cli.api import Api
    from speechmill.cli.show import show_dead_events, show_json

    with Api(url) as api:
        page = api.dead_events(limit=limit, after=after)
    if json:
        show_json(page)
        return
    show_dead_events(page["data"])
    if page["has_more"]:
        typer.echo(f"More: --after {page['last_id']}", err=True)


@app.command("replay")
def replay(
    event: Annotated[str, typer.Argument(metavar="EVENT", help="The id of a dead event.")] = "",
    every: Annotated[bool, typer.Option("--all", help="Every dead event whose job is still kept.")] = False,
    url: Url = DEFAULT_URL,
) -> None:
    """Send a dead event again: under its id, on a schedule that begins anew."""
    from speechmill.cli.api import Api

    if bool(event) == every:
        raise Failure("name one event, or give --all.", Exit.USAGE)
    with Api(url) as api:
        if event:
            api.replay(event)
            typer.echo(f"{event} is on its way again.")
        else:
            typer.echo(f"{api.replay_all()} events are on their way again.")


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


def _secret_of(tenant: str, data: Path) -> str:
    from speechmill.errors import InvalidRequest
    from speechmill.tenants import tenant_name
    from speechmill.webhook import parse_secret, secret_of

    secret = known_secret(data)
    try:
        parse_secret(secret, VARIABLE)
        return secret_of(secret, tenant_name(tenant))
    except InvalidRequest as error:
        raise Failure(error.message, Exit.USAGE) from None


def _new_secret() -> str:
    from speechmill.webhook import new_secret

    return new_secret()
