"""`speechmill say`: text in, a sound file out."""

import sys
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from speechmill.cli.caption_files import Srt, Times, Vtt, check_caption_files, save_captions
from speechmill.cli.exits import Exit, Failure
from speechmill.cli.options import DEFAULT_URL, Json, Url
from speechmill.cli.sound_file import STDOUT, check_writable, data_url, format_of

if TYPE_CHECKING:
    from speechmill.cli.api import Api, JobView


def say(
    text: Annotated[str, typer.Argument(metavar="TEXT", help="What to say; - reads it from stdin.")],
    output: Annotated[Path, typer.Option("--output", "-o", help="The file to write; - is stdout.", metavar="FILE")],
    voice: Annotated[str, typer.Option(help="Who speaks; empty is the model's default.")] = "",
    language: Annotated[str, typer.Option(help="A language tag such as en or pt-BR; empty lets the server decide.")] = "",
    format: Annotated[str, typer.Option(help="mp3, opus, aac, flac, wav or pcm; by default what FILE's ending says.")] = "",
    speed: Annotated[float | None, typer.Option(help="0.25 to 4; the pitch stays.")] = None,
    model: Annotated[str, typer.Option(help="Which model speaks; empty is the server's default.")] = "",
    instructions: Annotated[str, typer.Option(help="How to speak, for models that understand it.")] = "",
    seed: Annotated[int | None, typer.Option(help="The same seed gives the same sound again.")] = None,
    ref_audio: Annotated[Path | None, typer.Option(metavar="FILE", help="1 to 30 s of a voice to clone, for models that "
                                                                        "do.")] = None,
    words: Annotated[bool, typer.Option("--words", help="Ask for the times of words, for models that have them.")] = False,
    ref_text: Annotated[str, typer.Option(help="What is said there, word for word; the clone is closer then.")] = "",
    srt: Srt = None,
    vtt: Vtt = None,
    times: Times = None,
    timeout: Annotated[float | None, typer.Option(help="Give up waiting after so many seconds; the job goes on.")] = None,
    url: Url = DEFAULT_URL,
    json: Json = False,
) -> None:
    """Speak TEXT and write the audio to FILE. Ctrl-C cancels the job."""
    if output == STDOUT and json:
        raise Failure("--json and -o - both want stdout; write the audio to a file.", Exit.USAGE)
    asked = {"voice": voice, "language": language, "speed": speed, "model": model, "instructions": instructions, "seed": seed,
             "ref_audio": data_url(ref_audio) if ref_audio else "", "ref_text": ref_text,
             "timestamps": "word" if words else ""}
    body: dict[str, Any] = {name: value for name, value in asked.items() if value not in ("", None)}
    body["response_format"] = format or format_of(output)
    if output != STDOUT:
        check_writable(output)
    check_caption_files(srt, vtt, times)
    body["input"] = _stdin() if text == "-" else text

    from speechmill.cli.api import Api
    with Api(url) as api:
        job = speak(api, body, timeout)
        if output == STDOUT:
            api.stream(job, sys.stdout.buffer)
        else:
            api.download(job, output)
        save_captions(api, job, srt=srt, vtt=vtt, times=times)
    typer.echo(f"{output}: {job['output']['duration_seconds']:.1f} s of speech", err=True)
    if json:
        from speechmill.cli.show import show_json
        show_json(job)


def speak(api: "Api", body: dict[str, Any], timeout_s: float | None) -> "JobView":
    """Submit a job and wait until it is completed. Raises Failure when it ends in another way; Ctrl-C cancels it."""
    from speechmill.cli.follow import check_completed, follow
    from speechmill.cli.progress import progress_bar

    key = uuid.uuid4().hex
    with _cancelled_by_interrupt(api, body, key):
        job = api.create(body, key)
        with progress_bar() as show:
            job = follow(api, job["id"], timeout_s=timeout_s, on_change=show)
    check_completed(job)
    return job


@contextmanager
def _cancelled_by_interrupt(api: "Api", body: dict[str, Any], key: str) -> Iterator[None]:
    """Ctrl-C and SIGTERM inside cancel the job, wherever the submission was at that moment."""
    from speechmill.cli.signals import terminate_as_interrupt

    try:
        with terminate_as_interrupt():
            yield
    except KeyboardInterrupt:
        raise Failure(f"interrupted; {_cancel(api.url, body, key)}", Exit.CANCELLED) from None


def _cancel(url: str, body: dict[str, Any], key: str) -> str:
    """Cancel the job that was submitted under `key`; says what came of it."""
    from speechmill.cli.api import Api

    try:
        with Api(url) as api:
            # Asked for by its key: the interrupt may have come before the answer that names the job.
            job_id = api.create(body, key)["id"]
            api.cancel(job_id)
    except Failure as failure:
        return f"the job could not be cancelled: {failure.message}"
    return f"{job_id} is cancelled."


def _stdin() -> str:
    try:
        return sys.stdin.buffer.read().decode("utf-8")
    except UnicodeDecodeError as error:
        raise Failure(f"stdin is not UTF-8 (byte {error.start}).", Exit.USAGE) from None
