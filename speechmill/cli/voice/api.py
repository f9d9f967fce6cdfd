"""/v1/audio/voices, as the commands use it."""

from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

import httpx

from speechmill.cli.api import Api
from speechmill.cli.exits import Exit, Failure

VOICES = "/v1/audio/voices"
VoiceView = dict[str, Any]
"""A voice object, as the server sends it."""

UPLOAD = httpx.Timeout(120, connect=5)
WAIT_S = 60
"""As long as the server waits at most."""


class VoiceApi(Api):
    collection = VOICES

    def add(self, recording: Path, fields: dict[str, str], key: str) -> VoiceView:
        """Upload a recording. The same idempotency `key` gives the same voice again."""
        try:
            with recording.open("rb") as content:
                return self._json("POST", VOICES, data=fields, files={"audio_sample": (recording.name, content)},
                                  headers={"Idempotency-Key": key}, timeout=UPLOAD)
        except OSError as error:
            raise Failure(f"{recording} cannot be read: {error.strerror}.", Exit.USAGE) from None

    def design(self, body: dict[str, Any], key: str) -> VoiceView:
        return self._json("POST", f"{VOICES}/design", json=body, headers={"Idempotency-Key": key})

    def voices(self, model: str = "") -> list[VoiceView]:
        """All of them, or those of a model."""
        listed = self._json("GET", VOICES, params={"model": model} if model else {})
        return list(listed["voices"])

    def voice(self, voice_id: str, model: str = "") -> VoiceView:
        return self._json("GET", _path(voice_id), params={"model": model} if model else {})

    def settled(self, voice: VoiceView) -> VoiceView:
        """Once it is ready or has failed, however long that takes."""
        while voice["status"] == "preparing":
            voice = self._json("GET", _path(voice["id"]), headers={"Prefer": f"wait={WAIT_S}"},
                               timeout=httpx.Timeout(WAIT_S + 30, connect=5))
        return voice

    def describe(self, voice_id: str, changes: dict[str, str]) -> VoiceView:
        return self._json("PATCH", _path(voice_id), json=changes)

    def delete(self, voice_id: str) -> None:
        self._json("DELETE", _path(voice_id))

    def save_preview(self, voice_id: str, target: Path, *, model: str = "", language: str = "") -> None:
        query = urlencode({name: value for name, value in {"model": model, "language": language}.items() if value})
        self.save(f"{_path(voice_id)}/preview{'?' if query else ''}{query}", target)


def _path(voice_id: str) -> str:
    return f"{VOICES}/{quote(voice_id, safe='')}"
