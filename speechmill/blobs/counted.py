"""A store that tells of each failure, for metrics."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, Literal

from speechmill.blobs.seam import Blobs, Stored
from speechmill.errors import BlobsUnavailable

Operation = Literal["read", "write", "delete"]
OPERATIONS: tuple[Operation, ...] = ("read", "write", "delete")


class CountedBlobs:
    """The Blobs behind it; `failed` is called for each action that ended in BlobsUnavailable, on the thread that saw it. An
    object that is missing is no failure."""

    def __init__(self, blobs: Blobs, failed: Callable[[Operation], None]) -> None:
        self._blobs = blobs
        self._failed = failed

    def put(self, key: str, source: bytes | Path, content_type: str) -> Stored:
        with self._telling("write"):
            return self._blobs.put(key, source, content_type)

    @contextmanager
    def open(self, key: str, offset: int = 0, length: int | None = None) -> Iterator[BinaryIO]:
        with self._telling("read"), self._blobs.open(key, offset, length) as stream:
            yield stream

    def size(self, key: str) -> int | None:
        with self._telling("read"):
            return self._blobs.size(key)

    def delete(self, key: str) -> None:
        with self._telling("delete"):
            self._blobs.delete(key)

    def delete_prefix(self, prefix: str) -> int:
        with self._telling("delete"):
            return self._blobs.delete_prefix(prefix)

    def url(self, key: str, *, ttl_s: int, filename: str, content_type: str) -> str:
        return self._blobs.url(key, ttl_s=ttl_s, filename=filename, content_type=content_type)

    def uri(self, key: str) -> str | None:
        return self._blobs.uri(key)

    def check(self) -> None:
        with self._telling("write"):
            self._blobs.check()

    @contextmanager
    def _telling(self, operation: Operation) -> Iterator[None]:
        try:
            yield
        except BlobsUnavailable:
            self._failed(operation)
            raise
