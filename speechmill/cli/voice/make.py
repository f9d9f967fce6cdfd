"""`speechmill voice add`, `design`, `rename` and `delete`."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from speechmill.cli.exits import Exit, Failure
from speechmill.cli.options import DEFAULT_URL, Json, Url

if TYPE_CHECKING:
    from speechmill.cli.voice.api import VoiceApi, VoiceView

Name = Annotated[str, typer.Option("--name", help="What it is called in lists.", metavar="NAME")]
Language = Annotated[str, typer.Option(help="Of what it will speak, such as en; if not given, any.", metavar="TAG")]
NoWait = Annotated[bool, typer.Option("--no-wait", help="Print the voice's id at once, not when it is ready.")]


def add(
    recording: Annotated[Path, typer.Argument(metavar="FILE", help="1 to 30 s of one person: WAV, FLAC, MP3, Ogg, M4A.")],
    name: Name,
    consent: Annotated[bool, typer.Option("--consent", help="The person whose voice it is has agreed to it.")] = False,
    text: Annotated[str, typer.Option(help="What the recording says, word for word; the voice is closer with it.")] = "",
    model: Annotated[str, typer.Option(help="To speak with it; if not given, the first that clones voices.")] = "",
    language: Language = "",
    description: Annotated[str, typer.Option(help="For people.")] = "",
    no_wait: NoWait = False,
    url: Url = DEFAULT_URL,
    json: Json = False,
) -> None:
    """Make a voice of a recording, and print its id."""
    from speechmill.cli.voice.api import VoiceApi

    if not consent:
        raise Failure("a voice is only cloned when the person it belongs to has agreed; say so with --consent.", Exit.USAGE)
    fields = {"name": name, "consent": "true", "ref_text": text, "model": model, "language": language, "description": description}
    with VoiceApi(url) as api:
        voice = api.add(recording, {field: value for field, value in fields.items() if value}, _new_key())
        _tell_made(api, voice, no_wait=no_wait, json=json)


def design(
    description: Annotated[str, typer.Argument(metavar="DESCRIPTION", help='How it sounds: "An old sailor, hoarse and kind."')],
    name: Name,
    text: Annotated[str, typer.Option(help="What the model that designs it says; a sentence or two.")] = "",
    model: Annotated[str, typer.Option(help="The model that designs; if not given, the first that can.")] = "",
    for_model: Annotated[str, typer.Option(help="To speak with it; if not given, the first that clones voices.")] = "",
    language: Language = "",
    seed: Annotated[int | None, typer.Option(min=0, help="Another seed gives another voice.")] = None,
    no_wait: NoWait = False,
    url: Url = DEFAULT_URL,
    json: Json = False,
) -> None:
    """Make a voice of a description, and print its id."""
    from speechmill.cli.voice.api import VoiceApi

    asked = {"name": name, "description": description, "text": text, "model": model, "for_model": for_model, "language": language,
             "seed": seed}
    with VoiceApi(url) as api:
        voice = api.design({field: value for field, value in asked.items() if value not in ("", None)}, _new_key())
        _tell_made(api, voice, no_wait=no_wait, json=json)


def rename(
    voice_id: Annotated[str, typer.Argument(metavar="VOICE", help="The voice's id.")],
    name: Annotated[str, typer.Argument(metavar="NAME", help="What it is to be called.")],
    url: Url = DEFAULT_URL,
) -> None:
    """Call a voice of yours something else; its id stays."""
    from speechmill.cli.voice.api import VoiceApi

    with VoiceApi(url) as api:
        voice = api.describe(voice_id, {"name": name})
    typer.echo(f"{voice['id']}  {voice['name']}")


def delete(
    voice_id: Annotated[str, typer.Argument(metavar="VOICE", help="The voice's id.")],
    url: Url = DEFAULT_URL,
) -> None:
    """Delete a voice of yours with all that is kept of it. Jobs that were accepted with it are still spoken."""
    from speechmill.cli.voice.api import VoiceApi

    with VoiceApi(url) as api:
        api.delete(voice_id)
    typer.echo(f"{voice_id} is gone.", err=True)


def _tell_made(api: "VoiceApi", voice: "VoiceView", *, no_wait: bool, json: bool) -> None:
    """Raises Failure when it could not be made."""
    from speechmill.cli.show import show_json

    if not no_wait:
        voice = api.settled(voice)
    show_json(voice) if json else typer.echo(voice["id"])
    for remark in voice["warnings"]:
        typer.echo(remark["message"], err=True)
    if voice["status"] == "failed":
        raise Failure(f"{voice['id']} could not be made: {(voice['error'] or {}).get('message', 'it was stopped')}")


def _new_key() -> str:
    import secrets

    return secrets.token_hex(16)
