"""Real servers on loopback to deliver webhooks to: HTTP, HTTPS with an authority of its own, and an egress proxy."""

import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

import trustme

HOST = "hooks.example.com"
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"

Answer = bytes | Callable[[socket.socket], None]


class Receiver:
    """A server on 127.0.0.1 that keeps each request and answers it with given bytes, or as a function sees fit."""

    def __init__(self, answer: Answer, tls: ssl.SSLContext | None = None) -> None:
        self.answer, self.tls = answer, tls
        self.closing = False
        self.requests: list[bytes] = []
        self.n_connections = 0
        self.asked_for: list[str | None] = []   # SNI
        if tls:
            tls.sni_callback = lambda _sock, name, _context: self.asked_for.append(name)
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self.listener.getsockname()[1]
        self.threads = [threading.Thread(target=self.accept)]
        self.threads[0].start()

    def accept(self) -> None:
        while True:
            conn, _ = self.listener.accept()
            if self.closing:
                conn.close()
                return
            self.n_connections += 1
            conn.settimeout(10)
            self.threads.append(threading.Thread(target=self.serve, args=(conn,)))
            self.threads[-1].start()

    def serve(self, raw: socket.socket) -> None:
        with raw, suppress(OSError), self.tls.wrap_socket(raw, server_side=True) if self.tls else raw as conn:
            self.requests.append(read_request(conn))
            if callable(self.answer):
                self.answer(conn)
            else:
                conn.sendall(self.answer)

    def close(self) -> None:
        self.closing = True
        socket.create_connection(("127.0.0.1", self.port)).close()   # wakes `accept`
        for thread in self.threads:
            thread.join(15)
        self.listener.close()

    @property
    def headers(self) -> dict[str, str]:
        lines = self.requests[-1].partition(b"\r\n\r\n")[0].decode().split("\r\n")[1:]
        return dict(line.split(": ", 1) for line in lines)

    @property
    def first_line(self) -> str:
        return self.requests[-1].partition(b"\r\n")[0].decode()

    @property
    def body(self) -> bytes:
        return self.requests[-1].partition(b"\r\n\r\n")[2]


def read_request(conn: socket.socket) -> bytes:
    data = b""
    while b"\r\n\r\n" not in data:
        if not (chunk := conn.recv(65536)):
            return data
        data += chunk
    head, _, body = data.partition(b"\r\n\r\n")
    lengths = [line.split(b":")[1] for line in head.split(b"\r\n") if line.startswith(b"Content-Length:")]
    while len(body) < int(lengths[0] if lengths else 0):
        body += conn.recv(65536)
    return head + b"\r\n\r\n" + body


@contextmanager
def receiver(answer: Answer = OK, tls: ssl.SSLContext | None = None) -> Iterator[Receiver]:
    server = Receiver(answer, tls)
    try:
        yield server
    finally:
        server.close()


AUTHORITY = trustme.CA()


def certificate(*hosts: str, authority: trustme.CA = AUTHORITY) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(*hosts).configure_cert(context)
    return context


def trusting() -> ssl.SSLContext:
    context = ssl.create_default_context()
    AUTHORITY.configure_trust(context)
    return context


def relay_to(port: int) -> Callable[[socket.socket], None]:
    """A proxy's part after CONNECT: every name leads to `port` on loopback."""
    def relay(client: socket.socket) -> None:
        with socket.create_connection(("127.0.0.1", port)) as server:
            client.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
            back = threading.Thread(target=pump, args=(server, client))
            back.start()
            pump(client, server)
            back.join(10)
    return relay


def pump(source: socket.socket, sink: socket.socket) -> None:
    with suppress(OSError):
        while chunk := source.recv(65536):
            sink.sendall(chunk)
    with suppress(OSError):
        sink.shutdown(socket.SHUT_WR)
