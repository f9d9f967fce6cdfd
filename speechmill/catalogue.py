"""What the workers can speak: models, voices, languages. Workers publish it to Redis; the torch-free producer validates by it.

The last published catalogue stays valid with no worker running: a job for a known model is accepted and waits.
"""

from typing import Literal

from pydantic import BaseModel, ConfigDict

from speechmill.errors import InvalidRequest, NoCatalogue

OPENAI_MODELS = ("tts-1", "tts-1-hd", "gpt-4o-mini-tts")
OPENAI_VOICES = ("alloy", "ash", "ballad", "cedar", "coral", "echo", "fable", "marin", "nova", "onyx", "sage", "shimmer",
                 "verse")


Instructions = Literal["ignored", "taken", "required", "refused"]
"""What a model makes of a request's instructions. ignored: it has no use for them, and clients send them to every model.
required: its voice is designed from them. refused: its larger sister takes them, and it would drop them without a word."""


class VoiceInfo(BaseModel):
    """One voice of a model. `languages` empty means every language of the model."""

    model_config = ConfigDict(frozen=True)

    id: str
    name: str
    description: str = ""
    languages: tuple[str, ...] = ()


class ModelInfo(BaseModel):
    """One model: what it is called, who speaks, in what languages, and what it understands beyond plain text."""

    model_config = ConfigDict(frozen=True)

    id: str
    owned_by: str = "speechmill"
    created: int = 0
    voices: tuple[VoiceInfo, ...]
    default_voice: str
    voice_aliases: dict[str, str] = {}
    languages: tuple[str, ...]          # BCP 47 primary tags or full tags ("en", "pt-BR"); "auto" is always allowed
    default_language: str = "auto"
    instructions: Instructions = "ignored"
    reference: Literal["none", "taken", "required"] = "none"    # ref_audio and ref_text: a voice to clone
    word_times: bool = False            # it, or an aligner, can tell when each word is heard
    draws: bool = True                  # another seed makes another take; without, speaking again would give the same bytes
    revision: str = "1"                 # enters every content key: change it, and nothing cached is used again

    def voice(self, name: str) -> VoiceInfo:
        """The voice called `name`, an OpenAI alias, or the default when empty. Raises InvalidRequest."""
        wanted = self.voice_aliases.get(name.lower(), name) or self.default_voice
        for voice in self.voices:
            if voice.id == wanted or voice.id == wanted.lower():
                return voice
        known = ", ".join(voice.id for voice in self.voices)
        raise InvalidRequest(f"Unknown voice {name[:80]!r} for model {self.id!r}. It has: {known}.",
                             param="voice", code="unknown_voice")

    def language(self, name: str) -> str:
        """The language tag for `name`, or "auto". Raises InvalidRequest."""
        wanted = name.strip() or self.default_language
        for tag in ("auto", *self.languages):
            if tag.lower() == wanted.lower():
                return tag
        raise InvalidRequest(f"Unknown language {name[:80]!r} for model {self.id!r}. "
                             f"Use auto or one of: {', '.join(self.languages)}.", param="language", code="unknown_language")


class Catalogue(BaseModel):
    """All models that workers have ever published."""

    model_config = ConfigDict(frozen=True)

    models: tuple[ModelInfo, ...] = ()
    default_model: str = ""             # by setting; else the first model by name

    def model(self, name: str) -> ModelInfo:
        """The model called `name`; OpenAI's names and the empty one mean the default. Raises InvalidRequest, NoCatalogue."""
        if not self.models:
            raise NoCatalogue("No speech worker has ever started here, so no model is known yet. Start one and try again.",
                              retry_after_s=5)
        for model in self.models:
            if model.id == name:
                return model
        if not name or name in OPENAI_MODELS:
            return self.default
        known = ", ".join(model.id for model in self.models)
        raise InvalidRequest(f"Unknown model {name[:80]!r}. Here: {known} (OpenAI's {', '.join(OPENAI_MODELS)} mean "
                             f"{self.default.id}).", param="model", code="model_not_found")

    @property
    def default(self) -> ModelInfo:
        for model in self.models:
            if model.id == self.default_model:
                return model
        return self.models[0]
