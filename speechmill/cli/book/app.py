"""`speechmill book`: an audiobook of a file; and looking after books.

`speechmill book FILE …` is `speechmill book make FILE …`: what is no command is a file.
"""

from typing import TYPE_CHECKING

import typer
from typer.core import TyperGroup

from speechmill.cli.book import again, download, look, make, plan

if TYPE_CHECKING:
    from typer import Context

UNNAMED = "make"


class BookCommands(TyperGroup):
    """Puts the name of the command there that may be left out."""

    def parse_args(self, ctx: "Context", args: list[str]) -> list[str]:  # type: ignore[override]  # Typer's own context
        if args and args[0] != "--help" and args[0] not in self.commands:
            args = [UNNAMED, *args]
        return super().parse_args(ctx, args)


app = typer.Typer(cls=BookCommands, no_args_is_help=True, rich_markup_mode=None, subcommand_metavar="FILE | COMMAND [ARGS]...",
                  help="Make an audiobook of FILE (EPUB, Markdown, plain text, JSON); `book make --help` lists the options.")

app.command(UNNAMED)(make.make)
app.command("plan")(plan.plan)
app.command("list")(look.list_books)
app.command("show")(look.show)
app.command("cancel")(look.cancel)
app.command("retry")(again.retry)
app.command("regenerate")(again.regenerate)
app.command("rerender")(again.rerender)
app.command("download")(download.download)
