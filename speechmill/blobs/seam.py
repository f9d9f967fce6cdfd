"""The blob seam: objects by key, kept in S3-compatible storage (`s3.py`) or in a local folder (`folder.py`).

Keys are made here and nowhere else; no part of a key ever comes from a client. All calls block; the producer makes them on
threads. Correctness never rests on conditional writes: result keys are unique to an attempt, and the job's record, which
is fenced, says which one counts.

    t/<tenant>/inputs/<job>                 a text too large for Redis
    t/<tenant>/references/<sha256>          a voice to clone, as it came
    t/<tenant>/plans/<job>/<token>          how it was cut: one JSON line a segment
    t/<tenant>/results/<job>/<token>.<ext>  what clients download
    t/<tenant>/segments/<ab>/<key>.flac     every passing segment, under its content key
"""

from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Protocol


@dataclass(frozen=True)
class Stored:
    """What was written: size in bytes, and the SHA-256 of the content in hex."""

    key: str
    bytes: int
    sha256: str


class Blobs(Protocol):
    """Raises BlobMissing for a key that is not there and BlobsUnavailable when the store can't be reached or is full."""

    def put(self, key: str, source: bytes | Path, content_type: str) -> Stored:
        """Write an object whole or not at all; an existing one is replaced."""
        ...

    def open(self, key: str, offset: int = 0, length: int | None = None) -> AbstractContextManager[BinaryIO]:
        """Read an object, or `length` bytes of it from `offset`, as a stream."""
        ...

    def size(self, key: str) -> int | None:
        """Bytes of the object, or None where there is none."""
        ...

    def delete(self, key: str) -> None:
        """Remove an object; one that is not there is no error."""
        ...

    def delete_prefix(self, prefix: str) -> int:
        """Remove every object whose key starts with `prefix` (which ends in a slash); returns how many."""
        ...

    def url(self, key: str, *, ttl_s: int, filename: str, content_type: str) -> str:
        """A URL by which anyone who has it may download the object for `ttl_s` seconds; absolute, or a path of the
        producer's (the folder kind) for the producer to complete."""
        ...

    def uri(self, key: str) -> str | None:
        """s3://bucket/key for those who read the bucket themselves; None where there is no such address."""
        ...

    def check(self) -> None:
        """Raises BlobsUnavailable unless objects can be written now."""
        ...


def input_key(tenant: str, job_id: str) -> str:
    return f"t/{tenant}/inputs/{job_id}"


def reference_key(tenant: str, sha256: str) -> str:
    return f"t/{tenant}/references/{sha256}"


def plan_key(tenant: str, job_id: str, token: int) -> str:
    return f"t/{tenant}/plans/{job_id}/{token}"


def result_key(tenant: str, job_id: str, token: int, extension: str) -> str:
    return f"t/{tenant}/results/{job_id}/{token}.{extension}"


def segment_key(tenant: str, content_key: str) -> str:
    return f"t/{tenant}/segments/{content_key[:2]}/{content_key}.flac"


def job_prefixes(tenant: str, job_id: str) -> tuple[str, str]:
    """Prefixes under which everything that belongs to one job alone lies, its input apart."""
    return f"t/{tenant}/plans/{job_id}/", f"t/{tenant}/results/{job_id}/"
