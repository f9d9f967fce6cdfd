"""What the server offers, as its /models and /audio/voices list it, in the catalogue's words.

Lists come in many shapes: voices as strings (vllm-omni, sglang-omni, Kokoro-FastAPI) or objects (speechmill and others), under
`voices`, `data` or bare; uploaded ones apart. A server without a list has OpenAI's voices.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, cast, get_args

from speechmill.catalogue import OPENAI_MODELS, OPENAI_VOICES, Instructions, ModelInfo, VoiceInfo
from speechmill.settings import LANGUAGE_TAG, RemoteSettings
from worker.voices.qwen3_catalogue import LANGUAGES

Json = Mapping[str, object]

TaskType = Literal["", "CustomVoice", "VoiceDesign", "Base"]
_TASK_TYPES: tuple[TaskType, ...] = ("CustomVoice", "VoiceDesign", "Base")
_USUAL_LANGUAGES = ("ar", "de", "en", "es", "fr", "hi", "it", "ja", "ko", "pt", "ru", "zh")
_MOST_VOICES = 2000
_LONGEST_NAME = 200


@dataclass(frozen=True)
class RemoteModel:
    """`id` is its name there, `info` what clients here are told; `names_there` has the server's name of each of our voices, empty
    for one that is designed or cloned. `task_type`: of a Qwen3-TTS checkpoint."""

    id: str
    info: ModelInfo
    names_there: Mapping[str, str]
    task_type: TaskType


@dataclass(frozen=True)
class Listed:
    """One voice of the server's."""

    name: str
    title: str = ""
    description: str = ""
    languages: tuple[str, ...] = ()
    aliases: tuple[str, ...] = ()
    is_default: bool = False


@dataclass(frozen=True)
class Offer:
    """What both lists say; None is the answer of a server without that list."""

    models: object = None
    voices: object = None
    _entries: tuple[Json, ...] = field(init=False, default=())

    def __post_init__(self) -> None:
        entries = self.models.get("data", self.models.get("models")) if isinstance(self.models, dict) else self.models
        found = (entry for entry in entries if isinstance(entry, dict)) if isinstance(entries, list) else ()
        object.__setattr__(self, "_entries", tuple(entry for entry in found if _name(entry.get("id"))))

    def model(self, wanted: str) -> str:
        """Its name there: the wanted one, else the first that is no mere alias; empty where the list has none (yet)."""
        names = [str(entry["id"]) for entry in self._entries]
        return wanted or next((name for name in names if name not in OPENAI_MODELS), names[0] if names else "")

    def entry(self, model: str) -> Json:
        return next((entry for entry in self._entries if entry["id"] == model), {})

    def listed(self, model: str) -> tuple[Listed, ...]:
        """The model's voices."""
        return tuple(dict.fromkeys(_listed(self.voices, model)))[:_MOST_VOICES]


def remote_model(settings: RemoteSettings, offer: Offer) -> RemoteModel | None:
    """None where the server has no model yet, and none is set."""
    model = offer.model(settings.model)
    if not model:
        return None
    task_type = _task_type(model) if settings.fields == "vllm-omni" else ""
    listed = _voices(settings, offer, model, task_type)
    by_id: dict[str, Listed] = {}
    for voice in listed:
        by_id.setdefault(voice.name.lower(), voice)  # of two that differ in case, the first counts
    entry = offer.entry(model)
    languages = _languages(settings, entry, listed)
    info = ModelInfo(
        id=model_id(settings, model),
        owned_by=str(entry.get("owned_by") or "remote")[:_LONGEST_NAME],
        voices=tuple(_info(id, voice, languages) for id, voice in by_id.items()),
        default_voice=next((id for id, voice in by_id.items() if voice.is_default), next(iter(by_id))),
        voice_aliases=_aliases(by_id),
        languages=languages,
        instructions=_instructions(settings, entry, task_type),
        reference=_reference(settings, entry, task_type),
        revision=settings.revision or model,
    )
    nameless = task_type in ("VoiceDesign", "Base") and not offer.listed(model) and not settings.voices
    return RemoteModel(model, info, {id: "" if nameless else voice.name for id, voice in by_id.items()}, task_type)


def model_id(settings: RemoteSettings, model: str) -> str:
    """What clients here call it: Qwen/Qwen3-TTS → qwen3-tts, unless the settings say otherwise."""
    slug = re.sub(r"[^a-z0-9._-]+", "-", model.rstrip("/").rpartition("/")[2].lower()).strip("-")
    return settings.name or slug or "remote"


def _voices(settings: RemoteSettings, offer: Offer, model: str, task_type: TaskType) -> tuple[Listed, ...]:
    listed = offer.listed(model)
    if settings.voices:
        known = {voice.name: voice for voice in listed}
        return tuple(known.get(name, Listed(name)) for name in dict.fromkeys(settings.voices))
    if listed:
        return listed
    if task_type == "VoiceDesign":
        return (Listed("design", description="The voice that the instructions describe."),)
    if task_type == "Base":
        return (Listed("clone", description="The voice of the reference audio."),)
    return tuple(map(Listed, OPENAI_VOICES))


def _info(id: str, voice: Listed, languages: Sequence[str]) -> VoiceInfo:
    own = tuple(tag for tag in voice.languages if tag in languages)
    return VoiceInfo(id=id, name=voice.title or voice.name.replace("_", " ").title(),
                     description=voice.description or f"The server's voice {voice.name}.",
                     languages=() if set(own) == set(languages) else own)


def _aliases(by_id: Mapping[str, Listed]) -> dict[str, str]:
    """OpenAI's names: the server's own voice of that name, or what it calls so, else any."""
    told = {alias: id for id, voice in by_id.items() for alias in voice.aliases}
    ids = tuple(by_id)
    return {alias: alias if alias in by_id else told.get(alias, ids[n % len(ids)]) for n, alias in enumerate(OPENAI_VOICES)}


def _languages(settings: RemoteSettings, entry: Json, listed: Sequence[Listed]) -> tuple[str, ...]:
    told = _tags(entry.get("languages")) or tuple(dict.fromkeys(tag for voice in listed for tag in voice.languages))
    usual = tuple(LANGUAGES) if settings.fields == "vllm-omni" else _USUAL_LANGUAGES
    return settings.languages or told or usual


def _instructions(settings: RemoteSettings, entry: Json, task_type: TaskType) -> Instructions:
    if settings.fields == "speechmill":
        for kind in get_args(Instructions):
            if entry.get("instructions") == kind:
                return cast(Instructions, kind)
    return "required" if task_type == "VoiceDesign" else "taken"


def _reference(settings: RemoteSettings, entry: Json, task_type: TaskType) -> Literal["none", "taken", "required"]:
    if settings.fields == "openai" or task_type in ("CustomVoice", "VoiceDesign"):
        return "none"
    if settings.fields == "speechmill":
        return "taken" if entry.get("cloning") is True else "none"
    return "required" if task_type == "Base" else "taken"


def _task_type(model: str) -> TaskType:
    """Of a Qwen3-TTS checkpoint by its name: …-CustomVoice, …-VoiceDesign, …-Base. Other models have no such thing."""
    name = model.lower()
    return next((kind for kind in _TASK_TYPES if "qwen3-tts" in name and kind.lower() in name), "")


def _listed(body: object, model: str) -> Iterator[Listed]:
    if isinstance(body, dict):
        for part in ("voices" if "voices" in body else "data", "uploaded_voices"):
            yield from _listed(body.get(part), model)
        return
    for entry in body if isinstance(body, list) else ():
        if _name(entry):
            yield Listed(entry)
        elif isinstance(entry, dict) and entry.get("model", model) == model:
            yield from _voice(entry)


def _voice(entry: Json) -> Iterator[Listed]:
    name = next((str(entry[key]) for key in ("id", "voice_id", "name") if _name(entry.get(key))), "")
    aliases = entry.get("aliases")
    if name:
        yield Listed(name, title=_text(entry.get("name")), description=_text(entry.get("description")),
                     languages=_tags(entry.get("languages", entry.get("language"))),
                     aliases=tuple(filter(_name, aliases)) if isinstance(aliases, list) else (),
                     is_default=entry.get("default") is True)


def _tags(value: object) -> tuple[str, ...]:
    """Language tags; names as Qwen3-TTS has them count, too."""
    values = value if isinstance(value, list) else [value]
    by_name = {name: tag for tag, name in LANGUAGES.items()}
    tags = (by_name.get(each.lower(), each) for each in values if isinstance(each, str))
    return tuple(dict.fromkeys(tag for tag in tags if LANGUAGE_TAG.fullmatch(tag)))


def _name(value: object) -> bool:
    return isinstance(value, str) and 0 < len(value) <= _LONGEST_NAME and value.isprintable()


def _text(value: object) -> str:
    return value[:_LONGEST_NAME] if isinstance(value, str) else ""
