"""`speechmill batch`: every line of a file spoken; and looking after batches.

`speechmill batch FILE …` is `speechmill batch make FILE …`: what is no command is a file.
"""

from typing import TYPE_CHECKING

import typer
from typer.core import TyperGroup

from speechmill.cli.batch import download, look, make

if TYPE_CHECKING:
    from typer import Context

UNNAMED = "make"


class BatchCommands(TyperGroup):
    """Puts the name of the command there that may be left out."""

    def parse_args(self, ctx: "Context", args: list[str]) -> list[str]:  # type: ignore[override]  # Typer's own context
        if args and args[0] != "--help" and args[0] not in self.commands:
            args = [UNNAMED, *args]
        return super().parse_args(ctx, args)


app = typer.Typer(cls=BatchCommands, no_args_is_help=True, rich_markup_mode=None, subcommand_metavar="FILE | COMMAND [ARGS]...",
                  help="Speak every line of FILE, JSON lines as OpenAI's batches have them; `batch make --help` lists the "
                       "options.")

app.command(UNNAMED)(make.make)
app.command("list")(look.list_batches)
app.command("show")(look.show)
app.command("cancel")(look.cancel)
app.command("download")(download.download)
