"""Objects in a local folder: `<folder>/<key>`. For one machine; the producer serves downloads by signed URL.

An object is written under a temporary name in `<folder>/.partial`, forced to disk and then renamed, so a reader sees the old
object or the new one, whole, and what was acknowledged survives a power cut.
"""

import errno
import hashlib
import io
import os
import stat
import time
import uuid
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from itertools import islice
from pathlib import Path
from typing import BinaryIO

from speechmill.blobs.download import Download
from speechmill.blobs.folder_order import files_after
from speechmill.blobs.seam import PAGE_OBJECTS, Content, Listed, Page, Stored
from speechmill.blobs.signing import signed_path
from speechmill.errors import BlobMissing, BlobsUnavailable

PARTIAL = ".partial"
ABANDONED_AFTER_S = 86_400
"""A temporary file this old belongs to a process that died while it wrote."""

CHUNK_BYTES = 1024 * 1024


class FolderBlobs:
    """Blobs in `folder`. `url_secret` signs download URLs; `clock` gives Unix seconds.

    Keys are folders and names joined by slashes; ValueError for one that would leave the folder. Raises BlobsUnavailable
    when the folder can't be made.
    """

    def __init__(self, folder: Path, url_secret: str, clock: Callable[[], float] = time.time) -> None:
        self._folder = folder.absolute()
        self._partial = self._folder / PARTIAL
        self._url_secret = url_secret
        self._clock = clock
        with _translated(self._folder):
            _make_folder(self._partial)
        with suppress(BlobsUnavailable):  # whoever starts has better to do than to complain of it
            self.drop_unfinished(ABANDONED_AFTER_S)

    def put(self, key: str, source: bytes | Path, content_type: str) -> Stored:  # noqa: ARG002  a folder keeps no types
        target = self._path(key)
        if isinstance(source, bytes):
            return self._write(key, target, io.BytesIO(source))
        with source.open("rb") as file:
            return self._write(key, target, file)

    @contextmanager
    def open(self, key: str, offset: int = 0, length: int | None = None) -> Iterator[BinaryIO]:
        path = self._path(key)
        with _translated(self._folder):
            try:
                file = path.open("rb", buffering=0)
            except (FileNotFoundError, NotADirectoryError, IsADirectoryError):
                raise BlobMissing(f"There is no object {key!r}.") from None
        with file, io.BufferedReader(_Slice(file, offset, length, self._folder)) as stream:
            yield stream

    def read(self, key: str) -> Content:
        with self.open(key) as stream:
            data = stream.read()
        # Written anew since: then it is younger than this says, which does no harm.
        age_s = self.age_s(key)
        return Content(data, 0.0 if age_s is None else age_s)

    def size(self, key: str) -> int | None:
        found = self._found(key)
        return found.st_size if found else None

    def age_s(self, key: str) -> float | None:
        found = self._found(key)
        return max(0.0, self._now_s() - found.st_mtime) if found else None

    def page(self, prefix: str, after: str = "", limit: int = PAGE_OBJECTS) -> Page:
        top = self._prefix_path(prefix)
        with _translated(self._folder):
            now_s = self._now_s()
            found = list(islice(files_after(top, prefix, after), limit + 1))
        objects = tuple(Listed(key, status.st_size, max(0.0, now_s - status.st_mtime)) for key, status in found[:limit])
        return Page(objects, objects[-1].key if len(found) > limit else "")

    def delete(self, key: str) -> None:
        path = self._path(key)
        with _translated(self._folder):
            with suppress(FileNotFoundError, NotADirectoryError, IsADirectoryError):
                path.unlink()
            self._drop_empty_folders(path.parent)

    def delete_all(self, keys: Sequence[str]) -> None:
        for key in keys:
            self.delete(key)

    def drop_unfinished(self, older_than_s: float) -> int:
        n_dropped = 0
        with _translated(self._folder), suppress(FileNotFoundError):
            for path in self._partial.iterdir():
                with suppress(FileNotFoundError):  # it was finished meanwhile, or another process was faster
                    if path.stat().st_mtime < self._clock() - older_than_s:
                        path.unlink()
                        n_dropped += 1
        return n_dropped

    def delete_prefix(self, prefix: str) -> int:
        top = self._prefix_path(prefix)
        n_deleted = 0
        with _translated(self._folder):
            for folder, _, names in os.walk(top, topdown=False, onerror=_unless_missing):
                for name in names:
                    with suppress(FileNotFoundError):
                        Path(folder, name).unlink()
                        n_deleted += 1
                self._drop_empty_folders(Path(folder))
        return n_deleted

    def url(self, key: str, *, ttl_s: int, filename: str, content_type: str) -> str:
        return signed_path(Download(key, filename, content_type), int(self._clock()) + ttl_s, self._url_secret)

    def uri(self, key: str) -> None:  # noqa: ARG002 - the seam's; a folder's objects have no address of their own
        return None

    def check(self) -> None:
        self.put("probe", b"speechmill", "text/plain")

    def _write(self, key: str, target: Path, source: BinaryIO) -> Stored:
        partial = self._partial / uuid.uuid4().hex
        try:
            stored = self._copy(key, partial, source)
            with _translated(self._folder):
                _move_into(partial, target)
        finally:
            with suppress(OSError):
                partial.unlink(missing_ok=True)
        return stored

    def _copy(self, key: str, partial: Path, source: BinaryIO) -> Stored:
        digest, n_bytes = hashlib.sha256(), 0
        with _translated(self._folder):
            _make_folder(self._partial)
            file = partial.open("xb", buffering=0)
        with file:
            while chunk := source.read(CHUNK_BYTES):
                with _translated(self._folder):
                    _write_all(file, chunk)
                digest.update(chunk)
                n_bytes += len(chunk)
            with _translated(self._folder):
                os.fsync(file.fileno())
        return Stored(key, n_bytes, digest.hexdigest())

    def _path(self, key: str) -> Path:
        parts = key.split("/")
        if any(part in ("", ".", "..") or "\0" in part for part in parts) or parts[0] == PARTIAL:
            raise ValueError(f"not an object key: {key!r}")
        return self._folder.joinpath(*parts)

    def _prefix_path(self, prefix: str) -> Path:
        if not prefix.endswith("/"):
            raise ValueError(f"a prefix ends in a slash, or it would match the names of others: {prefix!r}")
        return self._path(prefix.removesuffix("/"))

    def _found(self, key: str) -> os.stat_result | None:
        path = self._path(key)
        with _translated(self._folder), suppress(FileNotFoundError, NotADirectoryError):
            status = path.stat()
            return status if stat.S_ISREG(status.st_mode) else None
        return None

    def _now_s(self) -> float:
        """By the clock that dates the files here, which on a network file system is not this machine's. Takes no room."""
        with _translated(self._folder):
            _make_folder(self._partial)
            os.utime(self._partial)
            return self._partial.stat().st_mtime

    def _drop_empty_folders(self, folder: Path) -> None:
        """Remove `folder` and those above it as far as they are empty: jobs come and go by the million."""
        with suppress(OSError):
            while folder != self._folder:
                folder.rmdir()
                folder = folder.parent


class _Slice(io.RawIOBase):
    """`length` bytes of `file` from `offset`, or all from there."""

    def __init__(self, file: io.FileIO, offset: int, length: int | None, folder: Path) -> None:
        self._file = file
        self._n_left = length
        self._folder = folder
        file.seek(offset)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview | bytearray) -> int:  # type: ignore[override]  # what BufferedReader passes
        wanted = len(buffer) if self._n_left is None else min(len(buffer), self._n_left)
        with _translated(self._folder):
            # memoryview: read() passes a bytearray, a slice of which would be a copy.
            n_read = self._file.readinto(memoryview(buffer)[:wanted]) or 0
        if self._n_left is not None:
            self._n_left -= n_read
        return n_read


def _unless_missing(error: OSError) -> None:
    if not isinstance(error, FileNotFoundError | NotADirectoryError):
        raise error


def _move_into(partial: Path, target: Path) -> None:
    for _ in range(1000):
        with suppress(FileNotFoundError):  # a deletion took the folder, empty as it still was
            _make_folder(target.parent)
            partial.replace(target)
            break
    else:
        raise OSError(errno.EBUSY, "its folders are removed as fast as they are made", str(target))
    with suppress(FileNotFoundError):  # the object is deleted again already
        _sync_folder(target.parent)


def _make_folder(folder: Path) -> None:
    """Make `folder` and those above it, each on disk before the next: a synced file in an unsynced folder can be lost."""
    if folder.is_dir():
        return
    _make_folder(folder.parent)
    with suppress(FileExistsError):
        folder.mkdir()
        _sync_folder(folder.parent)


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _write_all(file: io.FileIO, chunk: bytes) -> None:
    view = memoryview(chunk)
    while view:
        view = view[file.write(view):]


@contextmanager
def _translated(folder: Path) -> Iterator[None]:
    """Turns what the file system says into BlobsUnavailable."""
    try:
        yield
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
            raise BlobsUnavailable(f"The object folder {folder} is full ({error.strerror}); make room there.") from error
        raise BlobsUnavailable(f"The object folder {folder} can't be used: {error.strerror}.") from error
