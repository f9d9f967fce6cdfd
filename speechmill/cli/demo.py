"""`speechmill demo`: start everything, speak a paragraph, write the file, stop everything."""

import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from speechmill.cli.exits import Failure
from speechmill.cli.own_stack import own_stack
from speechmill.cli.sound_file import format_of
from speechmill.cli.voices import Checkpoint, Voice

# Several segments long, so that the whole way is gone: planned, spoken in pieces by one worker, joined by another.
PARAGRAPH = """\
This is speechmill, speaking from your own machine. A moment ago these sentences were a job: a web server accepted them, and
wrote them to disk before it said yes. One worker cut them into pieces, at the ends of sentences. Another one spoke the pieces,
several at a time, and kept each of them as soon as it was done. Then they were joined into one recording, without a click
between them, and put where you found this file. Had any of those programs been killed on the way, the job would still have
been finished, and no piece would have been spoken twice. That is all there is to it. Now give me something to read.
"""
TIMEOUT_S = 60.0
DEFAULT_OUTPUT = Path("demo/hello.mp3")


def demo(
    output: Annotated[Path, typer.Option("--output", "-o", metavar="FILE", help="Where the audio goes.")] = DEFAULT_OUTPUT,
    data: Annotated[Path | None, typer.Option(help="Data folder to use and keep; by default one that is thrown away.",
                                              metavar="FOLDER")] = None,
    voice: Annotated[Voice, typer.Option(envvar="SPEECHMILL_WORKER__VOICE", help="What speaks.")] = Voice.ESPEAK,
    checkpoint: Checkpoint = "",
) -> None:
    """Speak a paragraph through the whole system, on this machine, and write it to FILE."""
    began = time.monotonic()
    body = {"input": " ".join(PARAGRAPH.split()), "response_format": format_of(output)}
    output.parent.mkdir(parents=True, exist_ok=True)
    with _folder(data) as folder:
        duration_s = _speak(folder, Speaking(voice, checkpoint), body, output)
    typer.echo(f"{output}: {duration_s:.1f} s of speech, {time.monotonic() - began:.1f} s from start to end")


@dataclass(frozen=True)
class Speaking:
    """What speaks, and how long it may take, s."""

    voice: Voice
    checkpoint: str

    @property
    def timeout_s(self) -> float | None:
        """An engine on a CPU speaks slower than people do: nobody knows how slow."""
        return None if self.voice.has_engine else TIMEOUT_S


def _speak(folder: Path, speaking: Speaking, body: dict[str, str], output: Path) -> float:
    from speechmill.cli.signals import terminate_as_interrupt

    with terminate_as_interrupt(), own_stack(folder, speaking.voice, speaking.checkpoint) as stack:
        from speechmill.cli.api import Api
        from speechmill.cli.say import speak

        with Api(stack.address.url) as api:
            job = speak(api, body, speaking.timeout_s)
            segments = job["segments"]["total"]
            typer.echo(f"spoke {job['usage']['input_characters']} characters in {segments} segments", err=True)
            api.download(job, output)
    return float(job["output"]["duration_seconds"])


@contextmanager
def _folder(asked: Path | None) -> Iterator[Path]:
    """The folder that was asked for, or a temporary one, which stays only when something went wrong: it has the logs."""
    if asked:
        yield asked
        return
    folder = Path(tempfile.mkdtemp(prefix="speechmill-demo-"))
    try:
        yield folder
    except Failure as failure:
        raise Failure(f"{failure.message} The logs are in {folder / 'logs'}.", failure.exit) from None
    shutil.rmtree(folder)
