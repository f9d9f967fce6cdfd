"""What a Qwen3-TTS checkpoint offers, in the catalogue's words: its speakers, and its languages under their BCP 47 tags."""

import re
from pathlib import Path

from speechmill.catalogue import OPENAI_VOICES, Instructions, ModelInfo, VoiceInfo
from worker.engine.speaker import SpeakerInfo

LANGUAGES = {"zh": "chinese", "en": "english", "de": "german", "it": "italian", "pt": "portuguese", "es": "spanish",
             "ja": "japanese", "ko": "korean", "fr": "french", "ru": "russian"}
"""Tag → the name that checkpoints have for it."""

# The speakers of the published CustomVoice checkpoints, after https://github.com/QwenLM/Qwen3-TTS. The one that comes first is
# the default.
_SPEAKERS = (
    VoiceInfo(id="ryan", name="Ryan", description="A lively man with a strong rhythm; his own language is English."),
    VoiceInfo(id="aiden", name="Aiden", description="A sunny American man, clear in the middle; English."),
    VoiceInfo(id="serena", name="Serena", description="A warm, gentle young woman; Chinese."),
    VoiceInfo(id="vivian", name="Vivian", description="A bright young woman with an edge; Chinese."),
    VoiceInfo(id="uncle_fu", name="Uncle Fu", description="An experienced man, low and mellow; Chinese."),
    VoiceInfo(id="dylan", name="Dylan", description="A young man from Beijing, clear; speaks Chinese in Beijing's dialect."),
    VoiceInfo(id="eric", name="Eric", description="A lively man from Chengdu, a bit husky; speaks Chinese in Sichuan's dialect."),
    VoiceInfo(id="ono_anna", name="Ono Anna", description="A playful woman, light and nimble; Japanese."),
    VoiceInfo(id="sohee", name="Sohee", description="A warm woman, full of feeling; Korean."),
)
_DESIGN = VoiceInfo(id="design", name="Design", description="The voice that the instructions describe.")
_CLONE = VoiceInfo(id="clone", name="Clone", description="The voice of the reference audio.")

_ALIASES = {"alloy": "serena", "ash": "ryan", "ballad": "aiden", "cedar": "uncle_fu", "coral": "vivian", "echo": "aiden",
            "fable": "eric", "marin": "sohee", "nova": "vivian", "onyx": "uncle_fu", "sage": "serena", "shimmer": "ono_anna",
            "verse": "ryan"}


def model_id(checkpoint: str) -> str:
    """Qwen/Qwen3-TTS-12Hz-1.7B-CustomVoice, or a folder of that name → qwen3-tts-12hz-1.7b-customvoice."""
    folder = Path(checkpoint).expanduser()
    if folder.is_dir():
        name = folder.resolve().name
    else:
        name = checkpoint.partition("@")[0].rstrip("/").rpartition("/")[2]
    return re.sub(r"[^a-z0-9._-]+", "-", name.lower()).strip("-") or "qwen3-tts"


def model_info(model: str, info: SpeakerInfo) -> ModelInfo:
    voices = _voices(info)
    ids = [voice.id for voice in voices]
    return ModelInfo(
        id=model,
        owned_by="Qwen",
        voices=voices,
        default_voice=ids[0],
        voice_aliases={alias: _ALIASES[alias] if _ALIASES[alias] in ids else ids[n % len(ids)]
                       for n, alias in enumerate(OPENAI_VOICES)},
        languages=tuple(tag for tag, name in LANGUAGES.items() if name in info.languages),
        instructions=_instructions(info),
        reference="required" if info.kind == "base" else "none",
        revision=info.revision,
    )


def _instructions(info: SpeakerInfo) -> Instructions:
    if info.kind == "voice_design":
        return "required"
    return "taken" if info.takes_instructions else "refused"


def _voices(info: SpeakerInfo) -> tuple[VoiceInfo, ...]:
    """Published speakers in our order, then those of a fine-tuned checkpoint under their own names."""
    if info.kind == "voice_design":
        return (_DESIGN,)
    if info.kind == "base":
        return (_CLONE,)
    known = tuple(voice for voice in _SPEAKERS if voice.id in info.voices)
    others = sorted(set(info.voices) - {voice.id for voice in known})
    return known + tuple(VoiceInfo(id=name, name=name.replace("_", " ").title(), description=f"The checkpoint's speaker {name}.")
                         for name in others)
