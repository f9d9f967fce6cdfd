"""`speechmill voice list`, `show` and `play`."""

from pathlib import Path
from typing import Annotated

import typer

from speechmill.cli.exits import Exit, Failure
from speechmill.cli.options import DEFAULT_URL, Json, Url

VoiceId = Annotated[str, typer.Argument(metavar="VOICE", help="A voice's id.")]
Model = Annotated[str, typer.Option(help="Only of this model.", metavar="MODEL")]


def list_voices(
    model: Model = "",
    own: Annotated[bool, typer.Option("--own", help="Only voices of your own.")] = False,
    url: Url = DEFAULT_URL,
    json: Json = False,
) -> None:
    """List voices: those of the models, then your own."""
    from speechmill.cli.show import show_json
    from speechmill.cli.voice.api import VoiceApi
    from speechmill.cli.voice.table import show_voices

    with VoiceApi(url) as api:
        voices = [voice for voice in api.voices(model) if voice["own"] or not own]
    show_json(voices) if json else show_voices(voices)


def show(voice_id: VoiceId, model: Model = "", url: Url = DEFAULT_URL, json: Json = False) -> None:
    """Show a voice, and what is wrong with its recording."""
    from speechmill.cli.show import show_json
    from speechmill.cli.voice.api import VoiceApi
    from speechmill.cli.voice.table import show_voice

    with VoiceApi(url) as api:
        voice = api.voice(voice_id, model)
    show_json(voice) if json else show_voice(voice)


def play(
    voice_id: VoiceId,
    output: Annotated[Path, typer.Option("-o", "--output", metavar="FILE", help="Where to write the MP3.")],
    model: Model = "",
    language: Annotated[str, typer.Option(help="In which language, of voices of a model; such as de.", metavar="TAG")] = "",
    url: Url = DEFAULT_URL,
) -> None:
    """Write a few seconds of a voice to FILE."""
    from speechmill.cli.voice.api import VoiceApi

    if output.is_dir():
        raise Failure(f"{output} is a folder; name a file in it.", Exit.USAGE)
    with VoiceApi(url) as api:
        api.save_preview(voice_id, output, model=model, language=language)
    typer.echo(f"{output}  {output.stat().st_size:,} bytes", err=True)
