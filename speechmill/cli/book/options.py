"""Options that several commands of `speechmill book` share."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from speechmill.cli.options import DEFAULT_DATA, DEFAULT_URL
from speechmill.cli.voices import Voice

BookId = Annotated[str, typer.Argument(metavar="BOOK", help="The id of the book.")]

Output = Annotated[Path | None, typer.Option(
    "--output", "-o", metavar="FILE", help="Where the book goes; further formats lie beside it, each with an ending of its own.")]

ChaptersTo = Annotated[Path | None, typer.Option(
    "--chapters-to", metavar="FOLDER", file_okay=False, help="Write each chapter to this folder as soon as it is done.")]

Speaker = Annotated[str, typer.Option("--voice", help="Who speaks; empty is the model's default.")]
Model = Annotated[str, typer.Option(help="Which model speaks; empty is the server's default.")]
Language = Annotated[str, typer.Option(help="A language tag such as en or pt-BR; empty is what the book says.")]
Instructions = Annotated[str, typer.Option(help="How to speak, for models that understand it.")]

Cast = Annotated[list[str] | None, typer.Option(
    metavar="LABEL=VOICE", help="Who speaks what stands behind [voice: LABEL] in the text; once for each label.")]

LexiconFile = Annotated[Path | None, typer.Option(
    "--lexicon", metavar="FILE", help='How words are said: JSON such as {"Nguyen": "win"}, PLS, or a table (CSV, TSV) of word, '
                                      "spoken form and, if you like, language.")]

Chapters = Annotated[str, typer.Option(
    metavar="2-5,7", help="Which chapters, by the numbers that `plan` lists; by default all of the body.")]

Formats = Annotated[str, typer.Option(
    "--format", metavar="m4b,mp3", help="m4b, mp3, opus, flac, wav and epub (text and sound together); by default what the "
                                        "ending of -o says.")]

Loudness = Annotated[str, typer.Option(help="default (-19 LUFS), acx (what ACX asks for, with a report) or none.")]

ServerUrl = Annotated[str, typer.Option(
    "--url", envvar="SPEECHMILL_URL", metavar="URL",
    help=f"The server; by default the one at {DEFAULT_URL}, and where none runs, one is started for as long as it takes.")]

ServerData = Annotated[Path | None, typer.Option(
    "--data", metavar="FOLDER", file_okay=False,
    help=f"Data folder of the server that is started, {DEFAULT_DATA} by default. Goes before --url.")]

UpVoice = Annotated[Voice, typer.Option(
    "--up-voice", envvar="SPEECHMILL_WORKER__VOICE",
    help="What speaks where a server is started, as with `speechmill up --voice`.")]


@dataclass(frozen=True)
class Where:
    """Which server a command was told to use; and what speaks, where one must be started."""

    url: str
    data: Path | None
    voice: Voice = Voice.ESPEAK
    checkpoint: str = ""


@dataclass(frozen=True)
class Deliver:
    """Where the sound of a book goes, once it is there."""

    output: Path | None = None
    chapters_to: Path | None = None
    formats: tuple[str, ...] = ()
    """Which of its files; all that were asked for, where it is empty."""

    @property
    def anywhere(self) -> bool:
        return bool(self.output or self.chapters_to)
