"""A real HTTP server whose answers a test decides."""

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass(frozen=True)
class Asked:
    method: str
    path: str
    headers: dict[str, str]
    body: bytes


@dataclass(frozen=True)
class Answer:
    status: int = 200
    body: bytes | dict[str, Any] = b""
    headers: dict[str, str] = field(default_factory=dict)


@dataclass
class Server:
    url: str
    port: int
    asked: list[Asked]


@contextmanager
def running_server(answer: Callable[[Asked], Answer], port: int = 0) -> Iterator[Server]:
    """`answer` is called with each request, on a thread of its own."""
    asked: list[Asked] = []

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def handle_one(self) -> None:
            body = self.rfile.read(int(self.headers.get("content-length", 0)))
            request = Asked(self.command, self.path, {name.lower(): value for name, value in self.headers.items()}, body)
            asked.append(request)
            given = answer(request)
            content = json.dumps(given.body).encode() if isinstance(given.body, dict) else given.body
            self.send_response(given.status)
            for name, value in {"content-length": str(len(content)), **given.headers}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(content)

        do_GET = do_POST = do_DELETE = handle_one

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", port), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield Server(f"http://127.0.0.1:{server.server_port}", server.server_port, asked)
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def problem(status: int, message: str) -> Answer:
    """An error as the producer words it."""
    return Answer(status, {"status": status, "detail": message, "error": {"message": message, "code": "x", "param": None}})
