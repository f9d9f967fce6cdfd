"""`speechmill tenants` and `speechmill usage`: what each may use, and what it used."""

from typing import Annotated, Any

import typer

from speechmill.cli.exits import Exit, Failure
from speechmill.cli.options import DEFAULT_DATA, DEFAULT_URL, Data, Json, Url

app = typer.Typer(no_args_is_help=True, rich_markup_mode=None, help=(
    "What each tenant may use. With SPEECHMILL_API_KEY set to a key of scope admin, through the server; else on its host, "
    "straight on its Redis."))

Name = Annotated[str, typer.Argument(metavar="TENANT")]
Limit = Annotated[str, typer.Option(metavar="N", help="A number, none, or default.")]


@app.command("set")
def set_(
    name: Name,
    weight: Annotated[str, typer.Option(metavar="X", help="Its share of the workers beside others'; default: 1.")] = "",
    jobs: Limit = "",
    queued_jobs: Limit = "",
    characters_a_day: Limit = "",
    requests_a_minute: Limit = "",
    url: Url = DEFAULT_URL,
    data: Data = DEFAULT_DATA,
) -> None:
    """Change what is named, and leave the rest as it is. Holds for the next request."""
    from speechmill.cli.administration import administration
    from speechmill.cli.show_tenants import show_tenants

    asked = {"jobs": jobs, "queued_jobs": queued_jobs, "characters_a_day": characters_a_day,
             "requests_a_minute": requests_a_minute}
    changes: dict[str, Any] = {limit: _number(value, limit) for limit, value in asked.items() if value}
    if weight:
        changes["weight"] = _weight(weight)
    if not changes:
        raise Failure("name what to set: --weight, --jobs, --queued-jobs, --characters-a-day or --requests-a-minute.", Exit.USAGE)
    with administration(url, data) as admin:
        tenant = admin.set_tenant(name, {**admin.tenant(name)["limits"], **changes})
    show_tenants([tenant])


@app.command("show")
def show(name: Name, url: Url = DEFAULT_URL, data: Data = DEFAULT_DATA, json: Json = False) -> None:
    """Show one tenant's limits."""
    from speechmill.cli.administration import administration
    from speechmill.cli.show import show_json
    from speechmill.cli.show_tenants import show_tenants

    with administration(url, data) as admin:
        tenant = admin.tenant(name)
    if json:
        show_json(tenant)
    else:
        show_tenants([tenant])


@app.command("list")
def list_(url: Url = DEFAULT_URL, data: Data = DEFAULT_DATA, json: Json = False) -> None:
    """List all that have a key, limits of their own, or ever had a job."""
    from speechmill.cli.administration import administration
    from speechmill.cli.show import show_json
    from speechmill.cli.show_tenants import show_tenants

    with administration(url, data) as admin:
        found = admin.tenants()
    if json:
        show_json(found)
    else:
        show_tenants(found)


def usage(
    days: Annotated[int, typer.Option(min=1, max=400, help="How many, today among them (UTC).")] = 30,
    tenant: Annotated[str, typer.Option(metavar="NAME", help="Of this one; wants a key of scope admin.")] = "",
    every: Annotated[bool, typer.Option("--all", help="Of every tenant; wants a key of scope admin.")] = False,
    url: Url = DEFAULT_URL,
    data: Data = DEFAULT_DATA,
    json: Json = False,
) -> None:
    """Show what you used, by day: jobs and characters that were accepted, characters that were spoken, sound."""
    from speechmill.cli.administration import ThroughProducer, administration
    from speechmill.cli.show import show_json
    from speechmill.cli.show_tenants import show_usage

    if tenant or every:
        with administration(url, data) as admin:
            found = admin.usage(tenant, days)
    else:
        with ThroughProducer(url) as producer:
            found = [producer.own_usage(days)]
    if json:
        show_json(found)
    else:
        show_usage(found)


def _number(value: str, limit: str) -> int | None:
    if value == "default":
        return None
    if value == "none":
        return 0
    if not value.isascii() or not value.isdigit() or len(value) > 12 or int(value) == 0:
        raise Failure(f"--{limit.replace('_', '-')} must be a whole number above 0, none, or default, not {value!r}.", Exit.USAGE)
    return int(value)


def _weight(value: str) -> float | None:
    if value == "default":
        return None
    try:
        weight = float(value)
    except ValueError:
        weight = 0
    if not 0.01 <= weight <= 1000:
        raise Failure(f"--weight must be a number from 0.01 to 1000, or default, not {value!r}.", Exit.USAGE)
    return weight
