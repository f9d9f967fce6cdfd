"""A hub of one repository on this machine: what huggingface_hub asks of the real one, with faults on demand."""

import hashlib
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

LARGE_FROM_BYTES = 1_000_000
"""Larger files are in LFS, as on the real hub, where their ETag is their SHA-256."""

COMMIT = "c" * 40


@dataclass
class LocalHub:
    """`asked` are the method, path and range of each call for a file's content, `listings` the paths of those for what there is.
    `cut_after_bytes` ends the next answers early, one each; `altered` answers have one wrong byte; `closed` is the status and
    error code of every answer."""

    folder: Path
    repository: str = "Qwen/tiny"
    closed: tuple[int, str] | None = None
    cut_after_bytes: list[int] = field(default_factory=list)
    altered: int = 0
    knows_ranges: bool = True
    asked: list[str] = field(default_factory=list)
    listings: list[str] = field(default_factory=list)
    url: str = ""

    def mend(self) -> None:
        """No faults any more, and nothing asked yet."""
        self.closed, self.cut_after_bytes, self.altered, self.knows_ranges, self.asked = None, [], 0, True, []
        self.listings = []

    def files(self) -> Iterator[tuple[str, bytes]]:
        for path in sorted(self.folder.rglob("*")):
            if path.is_file():
                yield path.relative_to(self.folder).as_posix(), path.read_bytes()

    def info(self) -> dict[str, object]:
        siblings = []
        for name, content in self.files():
            sibling: dict[str, object] = {"rfilename": name, "size": len(content), "blobId": etag(content)}
            if is_large(content):
                sibling["lfs"] = {"size": len(content), "sha256": sha256(content), "pointerSize": 130}
            siblings.append(sibling)
        return {"id": self.repository, "sha": COMMIT, "siblings": siblings, "tags": [], "private": False, "downloads": 0}

    def tree(self) -> list[dict[str, object]]:
        entries: list[dict[str, object]] = []
        for name, content in self.files():
            entry: dict[str, object] = {"type": "file", "path": name, "size": len(content), "oid": etag(content)}
            if is_large(content):
                entry["lfs"] = {"oid": sha256(content), "size": len(content), "pointerSize": 130}
            entries.append(entry)
        return entries

    @contextmanager
    def running(self) -> Iterator["LocalHub"]:
        class Answers(Answer):
            hub = self

        server = ThreadingHTTPServer(("127.0.0.1", 0), Answers)
        self.url = f"http://127.0.0.1:{server.server_port}"
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield self
        finally:
            server.shutdown()
            thread.join()
            server.server_close()


class Answer(BaseHTTPRequestHandler):
    hub: LocalHub
    protocol_version = "HTTP/1.1"

    def do_HEAD(self) -> None:
        self.answer(with_body=False)

    def do_GET(self) -> None:
        self.answer(with_body=True)

    def answer(self, *, with_body: bool) -> None:
        path = self.path.partition("?")[0]
        if path.startswith("/api/models/"):
            self.hub.listings.append(path)
        if self.hub.closed is not None:
            status, code = self.hub.closed
            self.send(status, b"{}", {"X-Error-Code": code, "X-Error-Message": code})
        elif not path.startswith((f"/api/models/{self.hub.repository}", f"/{self.hub.repository}/resolve/")):
            self.send(404, b"{}", {"X-Error-Code": "RepoNotFound"})
        elif "/revision/" in path and not path.endswith(("/main", COMMIT)):
            self.send(404, b"{}", {"X-Error-Code": "RevisionNotFound"})
        elif "/tree/" in path:
            self.send(200, json.dumps(self.hub.tree()).encode(), {})
        elif "/resolve/" in path:
            self.send_file(path.split("/resolve/")[1].partition("/")[2], with_body=with_body)
        else:
            self.send(200, json.dumps(self.hub.info()).encode(), {})

    def send_file(self, name: str, *, with_body: bool) -> None:
        content = (self.hub.folder / name).read_bytes()
        headers = {"X-Repo-Commit": COMMIT, "ETag": f'"{etag(content)}"', "Accept-Ranges": "bytes"}
        start, status = 0, 200
        asked_range = self.headers.get("Range")
        if with_body:
            self.hub.asked.append(f"{name} {asked_range or ''}".strip())
        if asked_range and self.hub.knows_ranges:
            start, status = int(asked_range.removeprefix("bytes=").partition("-")[0]), 206
            headers["Content-Range"] = f"bytes {start}-{len(content) - 1}/{len(content)}"
        self.send(status, content[start:], headers, with_body=with_body, faulty=is_large(content))

    def send(
        self, status: int, body: bytes, headers: dict[str, str], *, with_body: bool = True, faulty: bool = False,
    ) -> None:
        self.send_response(status)
        for name, value in {**headers, "Content-Length": str(len(body))}.items():
            self.send_header(name, value)
        self.end_headers()
        if not with_body or self.command == "HEAD":
            return
        if faulty and self.hub.altered:
            self.hub.altered -= 1
            body = bytes([body[0] ^ 1]) + body[1:]
        if faulty and self.hub.cut_after_bytes:
            body = body[:self.hub.cut_after_bytes.pop(0)]
            self.close_connection = True
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Silent: pytest shows what a test prints."""


def is_large(content: bytes) -> bool:
    return len(content) >= LARGE_FROM_BYTES


def sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def etag(content: bytes) -> str:
    """Small files have git's own hash."""
    if is_large(content):
        return sha256(content)
    return hashlib.sha1(b"blob %d\0" % len(content) + content, usedforsecurity=False).hexdigest()
