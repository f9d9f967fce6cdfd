"""`speechmill`: the command line. Each command lies in a file of its own.

Whatever costs time to import (httpx, rich, redis, pydantic) is imported inside the command that needs it, so that `--help` and
shell completion answer at once.
"""

from typing import Any

import typer
from typer.core import TyperGroup

from speechmill.cli import demo, jobs, keys, lexicon, say, tenants, up, webhook
from speechmill.cli.batch import app as batch
from speechmill.cli.bench import cancel, engine, guide, queue, soak, streams
from speechmill.cli.bench.book import command as bench_book
from speechmill.cli.bench.clients import command as clients
from speechmill.cli.bench.crash import command as bench_crash
from speechmill.cli.bench.scale import command as scale
from speechmill.cli.bench.serve import command as serve
from speechmill.cli.book import app as book
from speechmill.cli.chaos import command as chaos
from speechmill.cli.doctor import command as doctor
from speechmill.cli.exits import Exit, Failure
from speechmill.cli.voice import app as voice


class Commands(TyperGroup):
    """Turns a Failure into its message and its exit status, for all commands."""

    def invoke(self, ctx: typer.Context) -> Any:  # type: ignore[override]  # Typer's own context, under its public name
        try:
            return super().invoke(ctx)
        except Failure as failure:
            typer.echo(f"speechmill: {failure.message}", err=True)
            raise typer.Exit(failure.exit) from None
        except KeyboardInterrupt:
            raise typer.Exit(Exit.CANCELLED) from None


# Plain help and errors: Rich's take three times as long to start, and its boxes are no single line.
app = typer.Typer(cls=Commands, no_args_is_help=True, rich_markup_mode=None, pretty_exceptions_enable=False,
                  help="Text to speech in the background: start it, speak, and look after jobs.")

bench = typer.Typer(no_args_is_help=True, rich_markup_mode=None, help="Measure this machine.")
bench.command("queue")(queue.queue)
bench.command("cancel")(cancel.cancel)
bench.command("crash")(bench_crash.crash)
bench.command("engine")(engine.engine)
bench.command("guide")(guide.guide)
bench.command("soak")(soak.soak)
bench.command("serve")(serve.serve)
bench.command("book")(bench_book.book)
bench.command("scale")(scale.scale)
bench.command("clients")(clients.clients)
bench.command("streams")(streams.streams)

app.command("up")(up.up)
app.command("say")(say.say)
app.add_typer(jobs.app, name="jobs")
app.add_typer(book.app, name="book")
app.add_typer(batch.app, name="batch")
app.command("doctor")(doctor.doctor)
app.add_typer(webhook.app, name="webhook")
app.add_typer(lexicon.app, name="lexicon")
app.add_typer(voice.app, name="voice")
app.add_typer(keys.app, name="keys")
app.add_typer(tenants.app, name="tenants")
app.command("usage")(tenants.usage)
app.command("demo")(demo.demo)
app.command("chaos")(chaos.chaos)
app.add_typer(bench, name="bench")


if __name__ == "__main__":
    app()
