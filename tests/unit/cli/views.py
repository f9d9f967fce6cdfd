"""Job objects as the producer sends them."""

import hashlib
from typing import Any

SOUND = b"a little sound" * 1000


def view(status: str, **fields: Any) -> dict[str, Any]:
    ended = status in ("completed", "failed", "cancelled", "expired")
    output = {"url": "http://127.0.0.1/x", "duration_seconds": 1.5, "sha256": hashlib.sha256(SOUND).hexdigest()}
    return {"id": "speech_1", "object": "audio.speech.job", "status": status, "progress": 100 if ended else 0, "model": "tone",
            "voice": "middle", "language": "en", "response_format": "mp3", "priority": "batch", "created_at": 1_750_000_000,
            "started_at": None, "completed_at": None, "cancelled_at": None, "expires_at": None, "deadline_at": None,
            "waiting": None, "segments": {"total": 1, "completed": 0, "failed": 0, "flagged": 0}, "attempts": 1,
            "output": output if status == "completed" else None, "error": None, **fields}
