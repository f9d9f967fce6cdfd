"""`speechmill webhook endpoints`: list, add, update, delete, rotate, test, deliveries, redeliver."""

from typing import Annotated, Any

import typer

from speechmill.cli.exits import Exit, Failure
from speechmill.cli.options import DEFAULT_URL, Json, Url

app = typer.Typer(no_args_is_help=True, rich_markup_mode=None, help="Receivers that are told of all jobs, books and batches.")

HOUR_S = 3600

Id = Annotated[str, typer.Argument(metavar="ENDPOINT", help="Its id, as `list` shows it.")]
Events = Annotated[list[str] | None, typer.Option(
    "--event", metavar="TYPE", help="A type, a group such as speech.job.*, or *; may be given several times.")]


@app.command("list")
def list_(url: Url = DEFAULT_URL, json: Json = False) -> None:
    """List them, the newest first."""
    from speechmill.cli.show import show_json
    from speechmill.cli.webhook_endpoints.api import EndpointsApi
    from speechmill.cli.webhook_endpoints.show import show_endpoints

    with EndpointsApi(url) as api:
        found = api.endpoints()
    if json:
        show_json(found)
    else:
        show_endpoints(found)


@app.command("add")
def add(
    receiver: Annotated[str, typer.Argument(metavar="RECEIVER", help="The https address that events are posted to.")],
    event: Events = None,
    description: Annotated[str, typer.Option(help="For people.")] = "",
    url: Url = DEFAULT_URL,
    json: Json = False,
) -> None:
    """Register a receiver and print its secret. It is shown this once."""
    from speechmill.cli.show import show_json
    from speechmill.cli.webhook_endpoints.api import EndpointsApi

    with EndpointsApi(url) as api:
        made = api.add({"url": receiver, "events": event or ["*"], "description": description})
    if json:
        show_json(made)
        return
    typer.echo(made["secret"])
    typer.echo(f"{made['id']} signs with this secret; keep it: it is not shown again. `speechmill webhook endpoints test "
               f"{made['id']}` sends it an event.", err=True)


@app.command("update")
def update(
    endpoint: Id,
    receiver: Annotated[str | None, typer.Option("--receiver", metavar="URL", help="The address from now on.")] = None,
    event: Events = None,
    description: Annotated[str | None, typer.Option(help="For people.")] = None,
    enabled: Annotated[bool | None, typer.Option("--enable/--disable", help="Whether it is told anything.")] = None,
    url: Url = DEFAULT_URL,
) -> None:
    """Change a receiver; what is not given stays as it is."""
    from speechmill.cli.webhook_endpoints.api import EndpointsApi

    asked: dict[str, Any] = {"url": receiver, "events": event or None, "description": description, "enabled": enabled}
    changes = {name: value for name, value in asked.items() if value is not None}
    if not changes:
        raise Failure("say what is to change: --receiver, --event, --description, --enable or --disable.", Exit.USAGE)
    with EndpointsApi(url) as api:
        api.update(endpoint, changes)
    typer.echo(f"{endpoint} is changed.")


@app.command("delete")
def delete(endpoint: Id, url: Url = DEFAULT_URL) -> None:
    """Tell a receiver nothing more, and forget what was sent to it."""
    from speechmill.cli.webhook_endpoints.api import EndpointsApi

    with EndpointsApi(url) as api:
        api.delete(endpoint)
    typer.echo(f"{endpoint} is deleted.")


@app.command("rotate")
def rotate(
    endpoint: Id,
    overlap_hours: Annotated[int, typer.Option(min=0, max=720, help=(
        "How long the secrets before it sign as well; 0: not any more."))] = 24,
    url: Url = DEFAULT_URL,
) -> None:
    """Give a receiver its next secret and print it. It is shown this once."""
    from speechmill.cli.webhook_endpoints.api import EndpointsApi

    with EndpointsApi(url) as api:
        rotated = api.rotate(endpoint, overlap_hours * HOUR_S)
    typer.echo(rotated["secret"])
    still = f"those before it sign as well for {overlap_hours} h" if overlap_hours else "those before it sign no more"
    typer.echo(f"{endpoint} signs with this secret from now on; {still}.", err=True)


@app.command("test")
def send_test(endpoint: Id, url: Url = DEFAULT_URL) -> None:
    """Send a receiver an event of the type webhook.test, by the way of every event."""
    from speechmill.cli.webhook_endpoints.api import EndpointsApi

    with EndpointsApi(url) as api:
        sent = api.test(endpoint)
    typer.echo(f"{sent['id']} is on its way; `speechmill webhook endpoints deliveries {endpoint}` shows what became of it.")


@app.command("deliveries")
def deliveries(
    endpoint: Id,
    limit: Annotated[int, typer.Option(min=1, max=100, help="How many.")] = 20,
    url: Url = DEFAULT_URL,
    json: Json = False,
) -> None:
    """List what was sent to a receiver or is about to be, the newest first."""
    from speechmill.cli.show import show_json
    from speechmill.cli.webhook_endpoints.api import EndpointsApi
    from speechmill.cli.webhook_endpoints.show import show_deliveries

    with EndpointsApi(url) as api:
        found = api.deliveries(endpoint, limit)
    if json:
        show_json(found)
    else:
        show_deliveries(found)


@app.command("redeliver")
def redeliver(
    endpoint: Id,
    event: Annotated[str, typer.Argument(metavar="EVENT", help="Its id, as `deliveries` shows it.")],
    url: Url = DEFAULT_URL,
) -> None:
    """Send a receiver an event again, under its id."""
    from speechmill.cli.webhook_endpoints.api import EndpointsApi

    with EndpointsApi(url) as api:
        api.redeliver(endpoint, event)
    typer.echo(f"{event} is on its way again.")
