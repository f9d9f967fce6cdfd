"""`speechmill keys`: API keys."""

from typing import Annotated

import typer

from speechmill.cli.exits import Exit, Failure
from speechmill.cli.options import DEFAULT_DATA, DEFAULT_URL, Data, Json, Url

app = typer.Typer(no_args_is_help=True, rich_markup_mode=None, help=(
    "API keys. With SPEECHMILL_API_KEY set to one of scope admin, through the server; else on its host, straight on its Redis."))

DAY_S = 86_400
SCOPES = ("speech", "read")


@app.command("create")
def create(
    tenant: Annotated[str, typer.Option(help="Whose key; a new name makes a new tenant.", metavar="NAME")] = "local",
    name: Annotated[str, typer.Option(help="What it is for; for people.")] = "",
    scope: Annotated[list[str] | None, typer.Option(
        help="speech, read, admin or metrics; may be given several times. Default: speech and read.")] = None,
    days: Annotated[int, typer.Option("--expires-in-days", min=0, max=3650, help="0: it does not expire.")] = 0,
    url: Url = DEFAULT_URL,
    data: Data = DEFAULT_DATA,
    json: Json = False,
) -> None:
    """Make a key and print it. It is shown this once: only its SHA-256 is kept."""
    from speechmill.cli.administration import administration
    from speechmill.cli.show import show_json

    if len(name) > 100:
        raise Failure("--name may have 100 characters.", Exit.USAGE)
    with administration(url, data) as admin:
        made = admin.make_key(tenant, name, scope or list(SCOPES), days * DAY_S or None)
    if json:
        show_json(made)
        return
    typer.echo(made["key"])
    typer.echo(f"key {made['id']} of {made['tenant']}, for {', '.join(made['scopes'])}; keep it: it is not shown again. From now "
               "on every request wants a key, unless the server was told otherwise.", err=True)


@app.command("list")
def list_(
    tenant: Annotated[str, typer.Option(help="Only of this one.", metavar="NAME")] = "",
    url: Url = DEFAULT_URL,
    data: Data = DEFAULT_DATA,
    json: Json = False,
) -> None:
    """List keys, revoked ones too, the newest first."""
    from speechmill.cli.administration import administration
    from speechmill.cli.show import show_json
    from speechmill.cli.show_tenants import show_keys

    with administration(url, data) as admin:
        found = admin.keys(tenant)
    if json:
        show_json(found)
    else:
        show_keys(found)


@app.command("revoke")
def revoke(
    key: Annotated[str, typer.Argument(metavar="KEY", help="Its id, 16 characters, as `keys list` shows it.")],
    url: Url = DEFAULT_URL,
    data: Data = DEFAULT_DATA,
) -> None:
    """Have a key refused, within a second. For good."""
    from speechmill.cli.administration import administration

    with administration(url, data) as admin:
        revoked = admin.revoke_key(key)
    typer.echo(f"{revoked['id']} of {revoked['tenant']} is revoked.")
