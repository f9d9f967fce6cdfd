"""The files that a book's steps leave in storage, and fetch from there."""

import shutil
from collections.abc import Iterable, Mapping
from pathlib import Path

from speechmill.blobs.seam import Blobs, result_key
from speechmill.errors import BlobMissing, SegmentMissing
from speechmill.job import OutputFile
from worker.leases import Lease
from worker.station import Station

CONTENT_TYPES = {
    "m4b": "audio/mp4", "m4a": "audio/mp4", "aac": "audio/aac", "mp3": "audio/mpeg", "opus": "audio/ogg; codecs=opus",
    "flac": "audio/flac", "wav": "audio/wav", "epub": "application/epub+zip", "vtt": "text/vtt; charset=utf-8",
    "srt": "application/x-subrip", "json": "application/json", "jsonl": "application/jsonl"}


def keep(station: Station, lease: Lease, name: str, source: Path | bytes) -> OutputFile:
    """Upload a file of this attempt, under its own name. Raises BlobsUnavailable, Stopped."""
    unit = lease.unit
    key = result_key(unit.tenant, unit.job_id, unit.token, name)
    content_type = CONTENT_TYPES[name.rpartition(".")[2]]
    size = len(source) if isinstance(source, bytes) else source.stat().st_size
    return OutputFile(key=key, bytes=size, sha256=station.upload(lease, key, source, content_type), content_type=content_type)


def fetch(blobs: Blobs, files: Mapping[str, OutputFile], names: Iterable[str], folder: Path) -> None:
    """Download files under their names. Raises SegmentMissing where one is no longer kept, BlobsUnavailable."""
    for name in names:
        try:
            with blobs.open(files[name].key) as stream, (folder / name).open("wb") as file:
                shutil.copyfileobj(stream, file)
        except BlobMissing:
            raise SegmentMissing(f"A file of the book is no longer kept ({name}).") from None


def read(blobs: Blobs, key: str) -> bytes:
    """Raises BlobMissing, BlobsUnavailable."""
    with blobs.open(key) as stream:
        return stream.read()
