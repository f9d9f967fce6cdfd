"""The stores that the blob contract is run against, each with what a client who was given a URL sees."""

import time
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import parse_qsl, unquote, urlsplit

import httpx
from pydantic import SecretStr

from speechmill.blobs.folder import FolderBlobs
from speechmill.blobs.s3 import S3Blobs
from speechmill.blobs.seam import Blobs
from speechmill.blobs.signing import OBJECTS_PATH, verify
from speechmill.errors import Forbidden
from tests.services import ceph_rgw
from tests.services.s3_server import S3Server

KEY = "t/local/results/speech_1/1.mp3"
SECRET = "a secret of the test's own"
SOMEBODY_ELSES_SECRET = "a secret of somebody else"
STORES = ("folder", "ceph", "rclone") if ceph_rgw.installed() else ("folder", "rclone")


@dataclass(frozen=True)
class Answer:
    status: int
    headers: Mapping[str, str]
    content: bytes


@dataclass
class Clock:
    now_s: float = 1_700_000_000.0

    def __call__(self) -> float:
        return self.now_s

    def advance(self, seconds: float) -> None:
        self.now_s += seconds


@dataclass(frozen=True)
class Store:
    """A store, empty, and what is around it."""

    blobs: Blobs
    open_as_impostor: Callable[[], Blobs]
    """Opens the same place with another secret."""
    download: Callable[[str], Answer]
    """What a browser does with a URL."""
    wait: Callable[[float], None]
    """Lets that many seconds pass for the store."""
    expired_status: int = 403


def folder_store(folder: Path, clock: Clock) -> Store:
    blobs = FolderBlobs(folder, SECRET, clock)

    def download(url: str) -> Answer:
        parts = urlsplit(url)
        try:
            granted = verify(unquote(parts.path.removeprefix(OBJECTS_PATH)), dict(parse_qsl(parts.query)), SECRET, clock())
        except Forbidden as error:
            return Answer(error.http_status, {}, error.message.encode())
        with blobs.open(granted.key) as stream:
            headers = {"content-type": granted.content_type, "content-disposition": granted.content_disposition}
            return Answer(200, headers, stream.read())

    return Store(blobs, lambda: FolderBlobs(folder, SOMEBODY_ELSES_SECRET, clock), download, clock.advance)


def s3_store(server: S3Server) -> Store:
    settings = server.settings(bucket=f"test-{uuid.uuid4().hex}")
    others = settings.model_copy(update={"secret_access_key": SecretStr(SOMEBODY_ELSES_SECRET)})
    # rclone takes an expired signature for a clock that is wrong: it refuses, but with another status.
    expired_status = 400 if server.name.startswith("rclone") else 403
    return Store(S3Blobs(settings), lambda: S3Blobs(others), _get, time.sleep, expired_status)


def _get(url: str) -> Answer:
    answer = httpx.get(url)
    return Answer(answer.status_code, answer.headers, answer.content)


def read(blobs: Blobs, key: str = KEY, offset: int = 0, length: int | None = None) -> bytes:
    with blobs.open(key, offset, length) as stream:
        return stream.read()


def every_call(blobs: Blobs, file: Path) -> list[Callable[[], object]]:
    """Every method that reaches the store, `url` apart: each must fail alike where the store can't be used."""
    return [
        blobs.check,
        lambda: blobs.put(KEY, b"spoken", "audio/mpeg"),
        lambda: blobs.put(KEY, file, "audio/mpeg"),
        lambda: read(blobs),
        lambda: read(blobs, KEY, 3, 5),
        lambda: blobs.size(KEY),
        lambda: blobs.delete(KEY),
        lambda: blobs.delete_prefix("t/local/results/"),
        lambda: blobs.delete_all([KEY]),
        lambda: blobs.drop_unfinished(60),
        lambda: blobs.read(KEY),
        lambda: blobs.age_s(KEY),
        lambda: blobs.page("t/"),
    ]
