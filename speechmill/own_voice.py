"""A tenant's own voices, as requests name them: `voice: "voice_…"`. Looked up behind a seam, so that one check of a request
serves the producer, which asks before it checks, and a worker, which asks while it does.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal, Protocol

from speechmill.catalogue import OPENAI_MODELS, Catalogue, ModelInfo
from speechmill.errors import InvalidRequest

State = Literal["preparing", "ready", "failed"]

_ID = re.compile(r"voice_[0-9a-f]{32}")


@dataclass(frozen=True)
class OwnVoice:
    """What a request needs to know of a voice: the model and language that are meant where it names none, and the recording, by
    SHA-256, with what it says (empty: nobody knows). `reason`: why it failed."""

    id: str
    state: State
    model: str
    language: str = ""
    sha256: str = ""
    text: str = ""
    reason: str = ""


class Voices(Protocol):
    """The voices of one tenant."""

    def get(self, voice_id: str) -> OwnVoice | None:
        """None where this tenant has no such voice. Raises StoreUnavailable."""
        ...


class NoVoices:
    """Of a caller that cannot look any up."""

    def get(self, voice_id: str) -> OwnVoice | None:
        raise InvalidRequest(f"Voices of one's own, such as {voice_id!r}, cannot be used here; name a voice of the model, or "
                             "send ref_audio.", param="voice")


NO_VOICES = NoVoices()


def is_own(name: str) -> bool:
    """Whether a request's `voice` means one of the tenant's own."""
    return _ID.fullmatch(name) is not None


def own_ids(body: object) -> Iterator[str]:
    """All ids of own voices that a decoded request names, of speech or of a book with a cast: cheap, and before any check."""
    if isinstance(body, dict):
        voice = body.get("voice")
        named = voice.get("id") if isinstance(voice, dict) else voice
        if isinstance(named, str) and is_own(named):
            yield named
        cast = body.get("cast")
        for member in cast.values() if isinstance(cast, dict) else ():
            yield from own_ids(member)


def ready_voice(voice_id: str, voices: Voices) -> OwnVoice:
    """Raises InvalidRequest: there is none (for this tenant), or it cannot speak yet, or never will."""
    voice = voices.get(voice_id)
    if voice is None:
        raise InvalidRequest(f"There is no voice {voice_id!r}; GET /v1/audio/voices lists those there are.", param="voice",
                             code="unknown_voice")
    if voice.state == "preparing":
        raise InvalidRequest(f"Voice {voice_id!r} is still being prepared; GET /v1/audio/voices/{voice_id} says when it is "
                             "ready.", param="voice", code="voice_not_ready")
    if voice.state == "failed":
        raise InvalidRequest(f"Voice {voice_id!r} could not be made: {voice.reason}", param="voice", code="voice_not_ready")
    return voice


def model_for(asked: str, voice: OwnVoice, catalogue: Catalogue) -> ModelInfo:
    """The model that speaks with `voice`: the one asked for, or its own where none, or one of OpenAI's names, was. Raises
    InvalidRequest where it clones no voices, NoCatalogue."""
    model = catalogue.model(voice.model if not asked or asked in OPENAI_MODELS else asked)
    if model.reference == "none":
        raise InvalidRequest(f"Model {model.id!r} cannot speak as {voice.id!r}: it clones no voices. Leave model out "
                             f"({voice.model} is then meant), or name one that does.", param="voice")
    return model


def cloning_model(asked: str, catalogue: Catalogue, *, param: str = "model") -> ModelInfo:
    """The model called `asked`, or, where that is empty, the first that clones voices, the default one before others. Raises
    InvalidRequest that says what is missing."""
    if asked:
        model = catalogue.model(asked)
        if model.reference == "none":
            raise InvalidRequest(f"Model {model.id!r} clones no voices, and so can have none of yours; {_cloning(catalogue)}",
                                 param=param)
        return model
    catalogue.model("")     # raises where there is none at all
    able = [model for model in (catalogue.default, *catalogue.models) if model.reference != "none"]
    if not able:
        raise InvalidRequest(f"No model here clones voices; {_cloning(catalogue)}", param=param, code="no_cloning_model")
    return able[0]


def _cloning(catalogue: Catalogue) -> str:
    able = ", ".join(model.id for model in catalogue.models if model.reference != "none")
    return f"those that do: {able}." if able else "a speech worker with a Qwen3-TTS Base checkpoint would bring one."
