"""The zip that an EPUB is. Nothing that its directory claims is believed."""

import posixpath
import stat
import unicodedata
import zipfile
import zlib
from pathlib import Path
from types import TracebackType
from typing import Self
from urllib.parse import unquote, urlsplit

from worker.book.errors import BookUnreadable
from worker.book.read import limits

_CHUNK_BYTES = 256 * 1024
_ENCRYPTED = 0x1


class Archive:
    """A zip that is open for reading, within the limits. Raises BookUnreadable where it is broken, protected or a bomb."""

    def __init__(self, path: Path) -> None:
        try:
            self._zip = zipfile.ZipFile(path)
        except (zipfile.BadZipFile, NotImplementedError, ValueError, OSError, EOFError, UnicodeError, OverflowError) as error:
            raise BookUnreadable("The file is a zip, as an EPUB is, but it is broken or cut off: its directory, which stands "
                                 "at the end, "
                                 f"can't be read ({error}). Was it downloaded to its end?") from error
        try:
            self._entries = self._checked()
        except BookUnreadable:
            self._zip.close()
            raise
        self._like = {_folded(name): name for name in self._entries}
        self._read_bytes = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, _type: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None) -> None:
        self._zip.close()

    @property
    def names(self) -> list[str]:
        return list(self._entries)

    def find(self, path: str) -> str | None:
        """The entry that is meant by a path: itself, or one that differs in case or in how its letters are written."""
        return path if path in self._entries else self._like.get(_folded(path))

    def read(self, name: str, limit_bytes: int = limits.PART_BYTES) -> bytes:
        """An entry that `find` gave, unpacked."""
        entry = self._entries[name]
        if entry.flag_bits & _ENCRYPTED:
            raise BookUnreadable(f"{name} is protected by a password. Only books without one can be read.", name)
        data = bytearray()
        try:
            with self._zip.open(entry) as packed:
                while chunk := packed.read(_CHUNK_BYTES):
                    data += chunk
                    self._read_bytes += len(chunk)
                    self._refuse_beyond(name, len(data), limit_bytes)
        except (zipfile.BadZipFile, zlib.error, NotImplementedError, RuntimeError, OSError, EOFError, ValueError,
                OverflowError) as error:
            raise BookUnreadable(f"{name} can't be unpacked: the zip is damaged there ({error}).", name) from error
        return bytes(data)

    def _refuse_beyond(self, name: str, part_bytes: int, limit_bytes: int) -> None:
        if part_bytes > limit_bytes:
            raise BookUnreadable(f"{name} unpacks to more than {limit_bytes // limits.MIB} MiB, which no part of a book has.",
                                 name)
        if self._read_bytes > limits.READ_BYTES:
            raise BookUnreadable(f"The texts of this book unpack to more than {limits.READ_BYTES // limits.MIB} MiB in sum, "
                                 f"the last of "
                                 f"them {name}.", name)

    def _checked(self) -> dict[str, zipfile.ZipInfo]:
        # zipfile itself stumbles over an entry without a name, which nothing can point to anyway.
        entries = [entry for entry in self._zip.infolist() if entry.filename and not entry.is_dir()]
        if len(entries) > limits.ENTRIES:
            raise BookUnreadable(f"The zip has {len(entries)} entries; {limits.ENTRIES} are the most that a book may have.")
        unpacked = sum(entry.file_size for entry in entries)
        packed = sum(entry.compress_size for entry in entries) + 1
        largest = max(entries, key=lambda entry: entry.file_size, default=None)
        if unpacked > limits.UNPACKED_BYTES or (unpacked > limits.RATIO_FROM_BYTES and unpacked > limits.RATIO * packed):
            part = largest.filename if largest else ""
            raise BookUnreadable(f"The zip would unpack to {unpacked // limits.MIB} MiB, {unpacked // packed} times its size: "
                                 f"no book does, "
                                 f"a zip bomb does. The largest entry is {part}.", part)
        return {entry.filename: entry for entry in entries if not stat.S_ISLNK(entry.external_attr >> 16)}


def resolved(href: str, base: str, part: str) -> tuple[str, str]:
    """What `href` in the entry `base` points to: the path of an entry, and a fragment. Empty path for another site's. Raises
    BookUnreadable for a path that leaves the zip."""
    try:
        url = urlsplit(href.strip())
    except ValueError:
        return "", ""
    if url.scheme or url.netloc:
        return "", ""
    fragment = unquote(url.fragment)
    if not url.path:
        return base, fragment
    path = posixpath.normpath(posixpath.join(posixpath.dirname(base), unquote(url.path).replace("\\", "/")))
    if path.startswith(("../", "/")) or path == "..":
        raise BookUnreadable(f"{part} points to {href[:200]!r}, which lies outside the zip.", part)
    return unicodedata.normalize("NFC", path) if not path.isascii() else path, fragment


def _folded(name: str) -> str:
    return unicodedata.normalize("NFC", name.replace("\\", "/")).casefold().lstrip("/")
