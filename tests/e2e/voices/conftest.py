"""A whole system with models that clone voices and that design them (stand-ins: their sound is tones), and tenants."""

import io
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import httpx
import numpy as np
import pytest
import soundfile

from tests.e2e.stack import Stack, running_stack

VOICES = "/v1/audio/voices"
ADMIN_KEY = "an-admin-key-of-thirty-two-letters"
KEPT = 3
"""Voices that a tenant may have."""


@dataclass(frozen=True)
class Parlour:
    """A running system, and one tenant of it."""

    mill: Stack
    tenant: str
    key: str

    @property
    def http(self) -> httpx.Client:
        return httpx.Client(base_url=self.mill.base_url, timeout=90, headers={"Authorization": f"Bearer {self.key}"})

    def upload(self, content: bytes, *, file_name: str = "voice.wav", wait_s: int = 60, headers: dict[str, str] | None = None,
               **fields: str) -> httpx.Response:
        form = {name: value for name, value in {"name": "Ada", "consent": "true", **fields}.items() if value}
        with self.http as http:
            return http.post(VOICES, data=form, files={"audio_sample": (file_name, content)},
                             headers={"Prefer": f"wait={wait_s}", **(headers or {})})

    def voice(self, content: bytes | None = None, **fields: Any) -> dict[str, Any]:
        """A voice that is ready."""
        return ready(self.upload(recording(4.0) if content is None else content, **fields))

    def design(self, **fields: str) -> httpx.Response:
        with self.http as http:
            return http.post(f"{VOICES}/design", json=fields, headers={"Prefer": "wait=60"})

    def speak(self, **body: Any) -> httpx.Response:
        with self.http as http:
            return http.post("/v1/audio/speech", json={"input": "It is late.", "response_format": "wav", **body})

    def delete(self, voice_id: str) -> httpx.Response:
        with self.http as http:
            return http.delete(f"{VOICES}/{voice_id}")

    def own(self) -> list[dict[str, Any]]:
        with self.http as http:
            return [voice for voice in http.get(VOICES).json()["voices"] if voice["own"]]

    def objects(self, part: str = "") -> list[str]:
        """Keys of all that the tenant has in storage, with `part` in them."""
        folder = self.mill.folder / "objects"
        keys = (str(path.relative_to(folder)) for path in (folder / "t" / self.tenant).rglob("*") if path.is_file())
        return sorted(key for key in keys if part in key)


@pytest.fixture(scope="session")
def mill(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    folder = tmp_path_factory.mktemp("voices")
    settings: dict[str, Any] = {
        "PRODUCER__DEFAULT_MODEL": "tone", "PRODUCER__ADMIN_KEY": ADMIN_KEY, "VOICES__FILE_BYTES": "3000000",
        "VOICES__KEPT": str(KEPT), "WORKER__RESPEAK_FLAGGED": "false", "WORKER__LEASE_S": "30"}
    with running_stack(folder, workers=False, **settings) as stack:
        stack.start("tone", "worker", "speech")
        stack.start("mimic", "tests.e2e.voices.mimic", "speech")
        stack.start("inventor", "tests.e2e.voices.inventor", "speech")
        stack.start("cpu", "worker", "cpu")
        stack.wait_ready(3)
        yield stack


@pytest.fixture
def parlour(mill: Stack) -> Parlour:
    return new_parlour(mill)


def new_parlour(mill: Stack, *scopes: str, tenant: str = "") -> Parlour:
    """With a key of a new tenant, or another one of `tenant`."""
    tenant = tenant or f"t{uuid.uuid4().hex[:12]}"
    with httpx.Client(base_url=mill.base_url, headers={"Authorization": f"Bearer {ADMIN_KEY}"}) as http:
        answer = http.post("/v1/admin/keys", json={"tenant": tenant, "scopes": list(scopes) or ["speech", "read"]})
    assert answer.status_code in (200, 201), answer.text
    return Parlour(mill, tenant, answer.json()["key"])


def ready(answer: httpx.Response) -> dict[str, Any]:
    assert answer.status_code == 201, answer.text
    voice: dict[str, Any] = answer.json()
    assert voice["status"] == "ready", voice
    return voice


def error_of(answer: httpx.Response) -> tuple[int, str | None, str]:
    """Status, and the field and the code that the error names."""
    error = answer.json()["error"]
    return answer.status_code, error["param"], error["code"]


def recording(seconds: float, *, loudness: float = 0.3, rate_hz: int = 24_000, kind: str = "WAV") -> bytes:
    """Something like a voice, as a file."""
    file = io.BytesIO()
    soundfile.write(file, loudness * voice_like(seconds, rate_hz), rate_hz, format=kind)
    return file.getvalue()


def voice_like(seconds: float, rate_hz: int = 24_000) -> np.ndarray:
    """[n_samples], at most 1"""
    at_s = np.arange(round(seconds * rate_hz)) / rate_hz
    return np.sin(2 * np.pi * 180 * at_s) * (1.5 + np.sin(2 * np.pi * 4 * at_s)) / 2.5
