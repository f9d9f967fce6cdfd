"""The parts of a form, as a parser goes through them: fields to memory, the file to where it is written."""

import hashlib
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

from python_multipart.multipart import MultipartParser, parse_options_header

from speechmill.errors import BodyTooLarge, InvalidRequest, Unavailable

FILE = "file"
MAX_FIELDS = 64


@dataclass(frozen=True)
class FormLimits:
    """Of the file, and of all other fields together, bytes. `example`: what such a file may be called."""

    file_bytes: int
    fields_bytes: int
    example: str = "book.epub"

    @property
    def whole_bytes(self) -> int:
        """Of the body, with what stands around its parts."""
        return self.file_bytes + self.fields_bytes + MAX_FIELDS * 8192


@dataclass(frozen=True)
class Upload:
    """A file that came. `path` is there until the request is over."""

    path: Path
    name: str
    bytes: int
    sha256: str


@dataclass
class Parts:
    """Raises InvalidRequest and BodyTooLarge out of the parser that calls it."""

    limits: FormLimits
    fields: dict[str, bytearray] = field(default_factory=dict)
    files: set[str] = field(default_factory=set)
    unwritten: bytearray = field(default_factory=bytearray)   # of the file
    finished: bool = False
    _header: tuple[bytearray, bytearray] = field(default_factory=lambda: (bytearray(), bytearray()))
    _disposition: bytes = b""
    _name: str = ""                                           # of the part that comes now
    _file_name: str | None = None
    _file_bytes: int = 0
    _fields_bytes: int = 0
    _sha256: "hashlib._Hash" = field(default_factory=hashlib.sha256)

    def parser(self, boundary: bytes) -> MultipartParser:
        return MultipartParser(boundary, {
            "on_part_begin": self.begin, "on_header_field": self.header_name, "on_header_value": self.header_value,
            "on_header_end": self.header_end, "on_headers_finished": self.headers_end, "on_part_data": self.data,
            "on_part_end": self.end, "on_end": self.finish})

    def begin(self) -> None:
        self._disposition = b""

    def header_name(self, data: bytes, start: int, end: int) -> None:
        self._header[0].extend(data[start:end])

    def header_value(self, data: bytes, start: int, end: int) -> None:
        self._header[1].extend(data[start:end])

    def header_end(self) -> None:
        if self._header[0].lower() == b"content-disposition":
            self._disposition = bytes(self._header[1])
        self._header = (bytearray(), bytearray())

    def headers_end(self) -> None:
        _, options = parse_options_header(self._disposition)
        if b"name" not in options:
            raise InvalidRequest("A part of the form has no name in its Content-Disposition.", param="body",
                                 code="malformed_form")
        self._name = options[b"name"].decode("utf-8", "replace")
        if self._name in self.fields or (self._name == FILE and self._file_name is not None):
            raise InvalidRequest(f"The form has {self._name[:80]!r} twice; send it once.", param=self._name[:80])
        if self._name == FILE:
            if b"filename" not in options:
                raise InvalidRequest(f"file must be sent as a file (curl: -F file=@{self.limits.example}).", param=FILE)
            self._file_name = options[b"filename"].decode("utf-8", "replace")
            return
        if len(self.fields) >= MAX_FIELDS:
            raise InvalidRequest(f"The form has more than {MAX_FIELDS} fields.", param="body")
        self.fields[self._name] = bytearray()
        if b"filename" in options:
            self.files.add(self._name)

    def data(self, data: bytes, start: int, end: int) -> None:
        if self._name == FILE:
            self._file_bytes += end - start
            if self._file_bytes > self.limits.file_bytes:
                raise file_too_large(self.limits)
            self.unwritten.extend(data[start:end])
            return
        self._fields_bytes += end - start
        if self._fields_bytes > self.limits.fields_bytes:
            raise BodyTooLarge(f"The fields of the form have more than {self.limits.fields_bytes:,} bytes together.",
                               param=self._name[:80])
        self.fields[self._name].extend(data[start:end])

    def end(self) -> None:
        self._name = ""

    def finish(self) -> None:
        self.finished = True

    def write_to(self, file: BinaryIO) -> None:
        """`file` has no buffer: what is on its way when the disk is full would be tried again by whoever closes it. Raises
        Unavailable."""
        self._sha256.update(self.unwritten)
        try:
            with memoryview(self.unwritten) as left:
                written = 0
                while written < len(left):
                    written += file.write(left[written:])
        except OSError as error:
            raise no_room(error) from error
        self.unwritten.clear()

    def upload(self, path: Path) -> Upload | None:
        if self._file_name is None:
            return None
        if not self._file_bytes:
            raise InvalidRequest("file is empty; send what is in it, too.", param=FILE, code="input_empty")
        return Upload(path, self._file_name, self._file_bytes, self._sha256.hexdigest())


def file_too_large(limits: FormLimits) -> BodyTooLarge:
    return BodyTooLarge(f"The file is larger than {limits.file_bytes:,} bytes.", param=FILE)


def no_room(error: OSError) -> Unavailable:
    return Unavailable(f"No file can be kept here now ({error.strerror}); try again later.", retry_after_s=30)
