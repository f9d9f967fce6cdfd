"""A store that tells of each failure, for metrics."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, Literal

from speechmill.blobs.seam import PAGE_OBJECTS, Blobs, Content, Page, Stored
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

    def read(self, key: str) -> Content:
        with self._telling("read"):
            return self._blobs.read(key)

    def size(self, key: str) -> int | None:
        with self._telling("read"):
            return self._blobs.size(key)

    def age_s(self, key: str) -> float | None:
        with self._telling("read"):
            return self._blobs.age_s(key)

    def page(self, prefix: str, after: str = "", limit: int = PAGE_OBJECTS) -> Page:
        with self._telling("read"):
            return self._blobs.page(prefix, after, limit)

    def delete(self, key: str) -> None:
        with self._telling("delete"):
            self._blobs.delete(key)

    def delete_all(self, keys: Sequence[str]) -> None:
        with self._telling("delete"):
            self._blobs.delete_all(keys)

    def drop_unfinished(self, older_than_s: float) -> int:
        with self._telling("delete"):
            return self._blobs.drop_unfinished(older_than_s)

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
