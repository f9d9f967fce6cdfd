"""An endpoint for an S3 client that misbehaves as a test tells it to."""

import socket
import struct
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass

Behaviour = Callable[[socket.socket], object]


@dataclass
class Endpoint:
    behave: Behaviour
    url: str
    n_requests: int = 0
    open: bool = True


@contextmanager
def endpoint(behave: Behaviour) -> Iterator[Endpoint]:
    """Listens on loopback; on each connection reads one request, does as `behave` says, and closes it."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        address = listener.getsockname()
        served = Endpoint(behave, f"http://127.0.0.1:{address[1]}")
        accepting = threading.Thread(target=_accept, args=(listener, served))
        accepting.start()
        try:
            yield served
        finally:
            served.open = False
            socket.create_connection(address).close()  # wakes the accepting thread
            accepting.join()


@contextmanager
def deaf_endpoint() -> Iterator[str]:
    """The URL of an address whose connections are never accepted: the kernel drops them once its backlog is full."""
    with socket.socket() as listener, socket.socket() as first, socket.socket() as second:
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        for filler in (first, second):
            filler.setblocking(False)
            filler.connect_ex(listener.getsockname())
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"


def send(head: str, body: bytes = b"") -> Behaviour:
    """Sends `head`, lines as in HTTP, and `body`; what becomes of the connection is left to what follows."""
    return lambda connection: connection.sendall(head.replace("\n", "\r\n").encode() + b"\r\n\r\n" + body)


def respond(head: str, body: bytes = b"") -> Behaviour:
    """Sends `head` and `body`, and that this was all."""

    def behave(connection: socket.socket) -> None:
        send(head, body)(connection)
        # Closed with something unread, TCP would take back what was answered (RFC 1122 §4.2.2.13).
        connection.shutdown(socket.SHUT_WR)
        connection.settimeout(5)
        while connection.recv(65536):
            pass

    return behave


def say_nothing(connection: socket.socket) -> None:
    """Waits until the client gives up."""
    while connection.recv(65536):
        pass


def reset(connection: socket.socket) -> None:
    """Makes the close a RST, as from a machine that lost power and came back."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


def _accept(listener: socket.socket, served: Endpoint) -> None:
    while True:
        connection, _ = listener.accept()
        if not served.open:
            connection.close()
            return
        threading.Thread(target=_serve, args=(connection, served), daemon=True).start()


def _serve(connection: socket.socket, served: Endpoint) -> None:
    with connection, suppress(OSError):  # the client may have gone first
        head = b""
        while b"\r\n\r\n" not in head:
            received = connection.recv(65536)
            if not received:
                return
            head += received
        served.n_requests += 1
        served.behave(connection)
