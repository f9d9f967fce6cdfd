"""Voices as clients see them: those of the catalogue and one's own, in one shape."""

from typing import Any

from speechmill.catalogue import ModelInfo, VoiceInfo
from speechmill.voice import Voice

VOICES_PATH = "/v1/audio/voices"


def own_voice_view(voice: Voice, base_url: str) -> dict[str, Any]:
    """A voice of one's own. Never its objects; its recording only in numbers."""
    spec, recording, error = voice.spec, voice.recording, voice.error
    url = f"{base_url}{VOICES_PATH}/{voice.id}"
    return {
        "id": voice.id,
        "object": "audio.voice",
        "name": spec.name,
        "description": spec.description,
        "model": spec.for_model,
        "languages": [] if spec.language == "auto" else [spec.language],
        "aliases": [],
        "default": False,
        "own": True,
        "status": voice.state,
        "source": spec.source,
        "created_at": voice.created_ms // 1000,
        "ref_text": spec.recorded_text,
        "consent": spec.consent.model_dump() if spec.consent else None,
        "recording": recording.model_dump(exclude={"remarks"}) if recording else None,
        "warnings": [remark.model_dump() for remark in recording.remarks] if recording else [],
        "waiting": voice.waiting.model_dump() if voice.waiting else None,
        "error": error.model_dump(include={"code", "message", "param", "type", "retryable"}) if error else None,
        "urls": {"get": url, "preview": f"{url}/preview"},
    }


def catalogue_voice_view(voice: VoiceInfo, model: ModelInfo, base_url: str) -> dict[str, Any]:
    """A voice of a model's."""
    url = f"{base_url}{VOICES_PATH}/{voice.id}"
    return {
        "id": voice.id,
        "object": "audio.voice",
        "name": voice.name,
        "description": voice.description,
        "model": model.id,
        "languages": list(voice.languages or model.languages),
        "aliases": sorted(alias for alias, name in model.voice_aliases.items() if name == voice.id),
        "default": voice.id == model.default_voice,
        "own": False,
        "status": "ready",
        "urls": {"get": f"{url}?model={model.id}", "preview": f"{url}/preview?model={model.id}"},
    }
