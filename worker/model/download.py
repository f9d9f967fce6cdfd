"""One large file over HTTP, that goes on where it stopped: after a lost connection, and after the process was killed. No torch.

huggingface_hub (1.x) itself goes on only within one process, and begins a file of gigabytes anew after a restart.
"""

import fcntl
import hashlib
import os
import time
from collections.abc import Mapping
from dataclasses import dataclass
from io import FileIO
from pathlib import Path

import httpx

from worker.model.errors import CheckpointError
from worker.model.progress import Meter

CHUNK_BYTES = 2**20
FRUITLESS_TRIES = 6
"""In a row, none of which brought a byte: about half a minute of waiting."""

TIMEOUT = httpx.Timeout(30.0)
BUSY = (408, 429, 500, 502, 503, 504)


@dataclass(frozen=True)
class RemoteFile:
    url: str
    size_bytes: int
    sha256: str


def download(remote: RemoteFile, target: Path, headers: Mapping[str, str], meter: Meter) -> None:
    """Bring it to `target`, whole or not at all; several processes may ask for the same, one of them fetches.

    Raises CheckpointError where the connection fails again and again or the content is wrong twice;
    httpx.HTTPStatusError where the server refuses; OSError where it can't be written.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    with Path(f"{target}.incomplete").open("a+b", buffering=0) as opened:
        _lock(opened, meter)
        if target.exists():
            meter.found(remote.size_bytes)
            return
        part = Part(opened, meter)
        part.read_what_is_there(remote.size_bytes)
        _fetch(remote, part, headers)
        if not part.holds(remote):
            part.start_over()
            _fetch(remote, part, headers)
        if not part.holds(remote):
            part.start_over()
            raise CheckpointError(f"{remote.url} came with the wrong content twice (its SHA-256 is not {remote.sha256}): "
                                  "something between here and the hub alters it. Try again, or copy the checkpoint by hand.")
        os.replace(opened.name, target)


def _lock(opened: FileIO, meter: Meter) -> None:
    """Another process may be fetching the same file: its bytes are progress too."""
    seen_bytes = 0
    while True:
        try:
            fcntl.flock(opened, fcntl.LOCK_EX | fcntl.LOCK_NB)
            meter.found(-seen_bytes)
            return
        except BlockingIOError:
            size_bytes = os.fstat(opened.fileno()).st_size
            meter.found(size_bytes - seen_bytes)
            seen_bytes = size_bytes
            time.sleep(0.5)


class Part:
    """The beginning of a file, and its hash so far. The caller holds its lock."""

    def __init__(self, opened: FileIO, meter: Meter) -> None:
        self._opened = opened
        self._meter = meter
        self._digest = hashlib.sha256()
        self.n_bytes = 0

    def read_what_is_there(self, most_bytes: int) -> None:
        self._opened.seek(0)
        while chunk := self._opened.read(CHUNK_BYTES):
            self._digest.update(chunk)
            self.n_bytes += len(chunk)
            self._meter.found(len(chunk))
        if self.n_bytes > most_bytes:
            self.start_over()

    def append(self, chunk: bytes) -> None:
        written = 0
        while written < len(chunk):
            written += self._opened.write(chunk[written:]) or 0
        self._digest.update(chunk)
        self.n_bytes += len(chunk)
        self._meter.received(len(chunk))

    def start_over(self) -> None:
        # Cut, not deleted: whoever waits for the lock has this very file open.
        self._opened.truncate(0)
        self._meter.found(-self.n_bytes)
        self._digest = hashlib.sha256()
        self.n_bytes = 0

    def holds(self, remote: RemoteFile) -> bool:
        return self.n_bytes == remote.size_bytes and self._digest.hexdigest() == remote.sha256


def _fetch(remote: RemoteFile, part: Part, headers: Mapping[str, str]) -> None:
    fruitless = 0
    while part.n_bytes < remote.size_bytes:
        before, problem = part.n_bytes, "it ended early"
        try:
            _stream(remote, part, headers)
        except httpx.TransportError as error:
            problem = str(error) or type(error).__name__
        except httpx.HTTPStatusError as error:
            if error.response.status_code not in BUSY:
                raise
            problem = f"status {error.response.status_code}"
        if part.n_bytes >= remote.size_bytes:
            return
        fruitless = fruitless + 1 if part.n_bytes <= before else 0
        if fruitless == FRUITLESS_TRIES:
            raise CheckpointError(f"{remote.url} can't be fetched: {problem}. What came so far is kept; try again.")
        time.sleep(0.5 * 2**fruitless)


def _stream(remote: RemoteFile, part: Part, headers: Mapping[str, str]) -> None:
    """The rest of the file, as far as the connection holds. The hub's own address is asked each time: it redirects to
    storage whose addresses expire, and httpx keeps the token from other hosts."""
    asked = {**headers, "Accept-Encoding": "identity", "Range": f"bytes={part.n_bytes}-"}
    with httpx.stream("GET", remote.url, headers=asked, follow_redirects=True, timeout=TIMEOUT) as response:
        response.raise_for_status()
        if response.status_code != httpx.codes.PARTIAL_CONTENT and part.n_bytes:
            part.start_over()            # the server knows no ranges and sends all of it
        for chunk in response.iter_bytes():
            part.append(chunk)
            if part.n_bytes > remote.size_bytes:
                return
