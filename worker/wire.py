"""One HTTP/1.1 exchange over one socket, all of it within one deadline and within bounds of size.

Smaller than an HTTP client on purpose: no pool, no redirects, no proxies out of the environment, and nothing between the
address that was checked and the one that is dialled.
"""

import contextlib
import errno
import socket
import time
from dataclasses import dataclass

import h11

from speechmill.lookup import Address

MAX_HEAD_BYTES = 16 * 1024
"""Of an answer's status line and headers, interim (1xx) answers included."""
MAX_BODY_BYTES = 4 * 1024
"""Of an answer's body. It is not used: reading some of it spares receivers a connection reset while they still write."""


@dataclass(frozen=True)
class Deadline:
    """A moment by which everything must be done, on `time.monotonic`'s clock. A time limit for each read would not do: a
    server that sends a byte every few seconds never exceeds it."""

    at: float

    def left_s(self) -> float:
        """Seconds left, more than 0. Raises TimeoutError when there are none."""
        left_s = self.at - time.monotonic()
        if left_s <= 0:
            raise TimeoutError
        return left_s


def dial(addresses: tuple[Address, ...], port: int, deadline: Deadline) -> socket.socket:
    """A connection to the first of `addresses` that takes one. Raises OSError. Each gets its share of the time left, so that
    one that swallows packets does not use up the others'."""
    failure = OSError("there is no address to connect to")
    for tried, address in enumerate(addresses):
        try:
            share_s = deadline.left_s() / (len(addresses) - tried)
            return socket.create_connection((str(address), port), share_s)
        except OSError as error:
            failure = error
    raise failure


def exchange(sock: socket.socket, request: h11.Request, body: bytes, deadline: Deadline) -> h11.Response:
    """Send `request` and give back the head of the answer. Raises OSError, or h11.RemoteProtocolError when what comes back
    is not HTTP or its head is too long."""
    talk = h11.Connection(h11.CLIENT, max_incomplete_event_size=MAX_HEAD_BYTES)
    parts = [talk.send(request), talk.send(h11.Data(body)) if body else b"", talk.send(h11.EndOfMessage())]
    _send(sock, b"".join(part for part in parts if part), deadline)
    response = _read_head(sock, talk, deadline)
    # The answer is known: a body that is late or broken changes nothing.
    with contextlib.suppress(OSError, h11.RemoteProtocolError):
        _read_some_body(sock, talk, deadline)
    return response


def _send(sock: socket.socket, data: bytes, deadline: Deadline) -> None:
    unsent = memoryview(data)
    while unsent:
        sock.settimeout(deadline.left_s())
        unsent = unsent[sock.send(unsent):]


def _read_head(sock: socket.socket, talk: h11.Connection, deadline: Deadline) -> h11.Response:
    left_bytes = MAX_HEAD_BYTES
    while True:
        event = talk.next_event()
        if isinstance(event, h11.Response):
            return event
        if event is h11.NEED_DATA:
            n_bytes = _read(sock, talk, min(left_bytes, MAX_BODY_BYTES), deadline)
            if n_bytes == 0:
                raise ConnectionResetError(errno.ECONNRESET, "it was closed before an answer came")
            left_bytes -= n_bytes
            if left_bytes <= 0:
                raise h11.RemoteProtocolError(f"more than {MAX_HEAD_BYTES} bytes of headers")


def _read_some_body(sock: socket.socket, talk: h11.Connection, deadline: Deadline) -> None:
    left_bytes = MAX_BODY_BYTES - len(talk.trailing_data[0])
    while left_bytes > 0:
        event = talk.next_event()
        if event is h11.NEED_DATA:
            left_bytes -= _read(sock, talk, left_bytes, deadline)
        elif not isinstance(event, h11.Data):
            return


def _read(sock: socket.socket, talk: h11.Connection, at_most: int, deadline: Deadline) -> int:
    sock.settimeout(deadline.left_s())
    chunk = sock.recv(at_most)
    talk.receive_data(chunk)
    return len(chunk)
