"""A file that a client uploaded, or that a batch left behind, as it is stored."""

from dataclasses import dataclass
from typing import Any

PURPOSES = ("batch", "batch_output")


@dataclass(frozen=True)
class StoredFile:
    """Its record; the bytes are an object in storage. Times are Unix milliseconds."""

    id: str
    tenant: str
    name: str                # as its client called it; never part of a key or a path
    purpose: str             # batch: of a client; batch_output: of a batch
    bytes: int
    key: str
    created_ms: int
    expires_ms: int


def file_view(file: StoredFile) -> dict[str, Any]:
    """OpenAI's file object."""
    return {"id": file.id, "object": "file", "bytes": file.bytes, "created_at": file.created_ms // 1000,
            "expires_at": file.expires_ms // 1000, "filename": file.name, "purpose": file.purpose, "status": "processed",
            "status_details": None}
