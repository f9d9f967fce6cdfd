"""`speechmill voice`: the models' voices and one's own."""

import typer

from speechmill.cli.voice import look, make

app = typer.Typer(no_args_is_help=True, rich_markup_mode=None,
                  help="Voices: hear those of the models; make, list and delete voices of your own.")

app.command("add")(make.add)
app.command("design")(make.design)
app.command("list")(look.list_voices)
app.command("show")(look.show)
app.command("play")(look.play)
app.command("rename")(make.rename)
app.command("delete")(make.delete)
