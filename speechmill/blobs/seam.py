"""The blob seam: objects by key, kept in S3-compatible storage (`s3.py`) or in a local folder (`folder.py`).

Keys are made here and nowhere else; no part of a key ever comes from a client. All calls block; the producer makes them on
threads. Correctness never rests on conditional writes: result keys are unique to an attempt, and the job's record, which
is fenced, says which one counts.

    t/<tenant>/inputs/<job>                 a text too large for Redis
    t/<tenant>/references/<sha256>          a voice to clone, as it came
    t/<tenant>/sources/<sha256>             the file of a book, as it came
    t/<tenant>/plans/<job>/<token>          how it was cut: one JSON line a segment
    t/<tenant>/results/<job>/<token>.<ext>  what clients download
    t/<tenant>/{plans,results}/<batch>/<n>/…  the same of a line of a batch, so that all of a batch lies under one prefix
    t/<tenant>/files/<file>                 a file that a client uploaded, as it came
    t/<tenant>/segments/<ab>/<key>.flac     every passing segment, under its content key
    t/<tenant>/voices/<voice>/<sha256>      a voice of one's own: its recording
    t/<tenant>/voices/<voice>/<hash>.npz    what a model has encoded that to

Objects that belong to a job are named by its record. References, sources and segments belong to nobody: they are kept for a time
since they were last used, and the store's own date of an object says when that was. Who uses one writes it again now and then.
"""

import re
from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Protocol

PAGE_OBJECTS = 1000
"""Most objects that S3 lists or deletes with one request."""


@dataclass(frozen=True)
class Stored:
    """What was written: size in bytes, and the SHA-256 of the content in hex."""

    key: str
    bytes: int
    sha256: str


@dataclass(frozen=True)
class Content:
    """A whole object, and the time since it was last written, seconds, by the store's own clock."""

    data: bytes
    age_s: float


@dataclass(frozen=True)
class Listed:
    """An object in a listing. `age_s` as in Content."""

    key: str
    bytes: int
    age_s: float


@dataclass(frozen=True)
class Page:
    """Objects in the order of their keys. `after` is where the next page begins; empty when this is the last."""

    objects: tuple[Listed, ...]
    after: str = ""


class Blobs(Protocol):
    """Raises BlobMissing for a key that is not there and BlobsUnavailable when the store can't be reached or is full."""

    def put(self, key: str, source: bytes | Path, content_type: str) -> Stored:
        """Write an object whole or not at all; an existing one is replaced."""
        ...

    def open(self, key: str, offset: int = 0, length: int | None = None) -> AbstractContextManager[BinaryIO]:
        """Read an object, or `length` bytes of it from `offset`, as a stream."""
        ...

    def read(self, key: str) -> Content:
        """A whole object, for those that fit into memory."""
        ...

    def size(self, key: str) -> int | None:
        """Bytes of the object, or None where there is none."""
        ...

    def age_s(self, key: str) -> float | None:
        """Seconds since the object was last written, by the store's own clock, or None where there is none."""
        ...

    def page(self, prefix: str, after: str = "", limit: int = PAGE_OBJECTS) -> Page:
        """Up to `limit` objects (at most PAGE_OBJECTS) whose key starts with `prefix`, which ends in a slash, and comes after
        `after`. Costs the same however many objects there are before or behind them."""
        ...

    def delete(self, key: str) -> None:
        """Remove an object; one that is not there is no error."""
        ...

    def delete_all(self, keys: Sequence[str]) -> None:
        """Remove these objects; one that is not there is no error."""
        ...

    def drop_unfinished(self, older_than_s: float) -> int:
        """Remove what writers that died in the middle have left behind, if it is older than that; returns how many there
        were. No reader ever sees any of it."""
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


ROOT = "t/"
"""All objects of ours lie under it, apart from the one that `check` writes."""

_KEY = re.compile(r"t/(?P<tenant>[^/]+)/"
                  r"(?:(?P<shared>references|sources|segments)/.+|"
                  r"(?P<kind>inputs|plans|results|voices|files)/(?P<job>[^/]+)(?:/[^/]+){0,2})")


@dataclass(frozen=True)
class Belonging:
    """Whose object a key is, of which kind in the list above, and the job whose record names it; none for what is shared."""

    tenant: str
    kind: str
    job_id: str


def belonging(key: str) -> Belonging | None:
    """None for a key that none of the functions below makes."""
    match = _KEY.fullmatch(key)
    return Belonging(match["tenant"], match["shared"] or match["kind"], match["job"] or "") if match else None


def input_key(tenant: str, job_id: str) -> str:
    return f"t/{tenant}/inputs/{job_id}"


def reference_key(tenant: str, sha256: str) -> str:
    return f"t/{tenant}/references/{sha256}"


def source_key(tenant: str, sha256: str) -> str:
    return f"t/{tenant}/sources/{sha256}"


def plan_key(tenant: str, job_id: str, token: int) -> str:
    return f"t/{tenant}/plans/{_folder(job_id)}/{token}"


def result_key(tenant: str, job_id: str, token: int, extension: str) -> str:
    return f"t/{tenant}/results/{_folder(job_id)}/{token}.{extension}"


def line_text_key(tenant: str, line_id: str) -> str:
    """A text of a batch's line that is too large for Redis."""
    return f"t/{tenant}/plans/{_folder(line_id)}/text"


def uploaded_key(tenant: str, file_id: str) -> str:
    return f"t/{tenant}/files/{file_id}"


def segment_key(tenant: str, content_key: str) -> str:
    return f"t/{tenant}/segments/{content_key[:2]}/{content_key}.flac"


def recording_key(tenant: str, voice_id: str, sha256: str) -> str:
    return f"t/{tenant}/voices/{voice_id}/{sha256}"


def encoding_key(tenant: str, voice_id: str, encoded: str) -> str:
    """`encoded`: a hash over all that decides what a recording is encoded to."""
    return f"t/{tenant}/voices/{voice_id}/{encoded}.npz"


def voice_prefixes(tenant: str, voice_id: str) -> tuple[str, str]:
    """Prefixes under which everything of a voice lies."""
    return f"t/{tenant}/voices/{voice_id}/", f"t/{tenant}/results/{voice_id}/"


def _folder(job_id: str) -> str:
    """A line `batch_x.17` lies in the folder of its batch."""
    return job_id.replace(".", "/") if job_id.startswith("batch_") else job_id


def job_prefixes(tenant: str, job_id: str) -> tuple[str, str]:
    """Prefixes under which everything that belongs to one job alone lies, its input apart."""
    return f"t/{tenant}/plans/{job_id}/", f"t/{tenant}/results/{job_id}/"
