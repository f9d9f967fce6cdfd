"""`speechmill lexicon`: how words are said in everything that is spoken."""

from pathlib import Path
from typing import Annotated

import typer

from speechmill.cli.exits import Exit, Failure
from speechmill.cli.options import DEFAULT_URL, Json, Url

app = typer.Typer(no_args_is_help=True, rich_markup_mode=None, help=(
    "How words are said. The lexicon called default holds wherever a request names none."))

Name = Annotated[str, typer.Argument(metavar="NAME", help="1 to 64 of A-Z, a-z, 0-9, - and _.")]


@app.command("put")
def put(
    name: Name,
    file: Annotated[Path, typer.Argument(metavar="FILE", help="JSON, a table (CSV, TSV), or the W3C's PLS.")],
    url: Url = DEFAULT_URL,
) -> None:
    """Keep a lexicon, instead of the one of that name."""
    from speechmill.cli.api import Api

    try:
        content = file.read_bytes()
    except OSError as error:
        raise Failure(f"cannot read {file}: {error.strerror}.", Exit.USAGE) from None
    with Api(url) as api:
        kept = api.put_lexicon(name, content)
    typer.echo(f"{kept['id']}: {kept['entries']:,} entries", err=True)


@app.command("list")
def list_(url: Url = DEFAULT_URL, json: Json = False) -> None:
    """List your lexicons."""
    from speechmill.cli.api import Api
    from speechmill.cli.show import show_json, show_table, when

    with Api(url) as api:
        found = api.lexicons()
    if json:
        show_json(found)
        return
    show_table(("LEXICON", "ENTRIES", "UPDATED"),
               [(one["id"], f"{one['entries']:,}", when(one["updated_at"])) for one in found["data"]])


@app.command("show")
def show(name: Name, url: Url = DEFAULT_URL, json: Json = False) -> None:
    """Print a lexicon as a table that `put` takes."""
    from speechmill.cli.api import Api
    from speechmill.cli.show import show_json

    with Api(url) as api:
        lexicon = api.lexicon(name)
    if json:
        show_json(lexicon)
        return
    for entry in lexicon["content"]:
        typer.echo("\t".join((entry["grapheme"], entry["alias"], entry.get("language", ""))).rstrip("\t"))


@app.command("delete")
def delete(name: Name, url: Url = DEFAULT_URL) -> None:
    """Delete a lexicon. What was spoken with it stays as it is."""
    from speechmill.cli.api import Api

    with Api(url) as api:
        api.delete_lexicon(name)
    typer.echo(f"{name} is deleted.", err=True)
