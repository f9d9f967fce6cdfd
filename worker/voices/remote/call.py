"""One HTTP/1.1 request and its answer on a connection of its own, which any thread may hang up.

A connection each: making one costs nothing beside speaking, a server that was restarted is no surprise, and to stop an
utterance is to close its connection. No redirects, and no proxies out of the environment.
"""

import socket
import ssl
import threading
import time
from collections.abc import Iterator, Mapping
from concurrent.futures import Future
from contextlib import suppress
from dataclasses import dataclass
from types import TracebackType
from typing import Self

import h11

from speechmill.lookup import Address
from worker.voices.remote.server import Server
from worker.voices.remote.trouble import Away, Broken, Trouble, Wrong
from worker.voices.seam import Cancelled

MAX_HEAD_BYTES = 64 * 1024
READ_BYTES = 16 * 1024


@dataclass(frozen=True)
class Head:
    """Of an answer. Names of headers are in small letters; `content_type` has no parameters."""

    status: int
    headers: Mapping[str, str]

    @property
    def content_type(self) -> str:
        return self.headers.get("content-type", "").partition(";")[0].strip().lower()


class Call:
    """`ask` once, then read `body`. `deadline` is on time.monotonic's clock. Both raise Cancelled, Away (no connection was made),
    Broken (it was lost, or gave no sign of life for too long) or Wrong (its certificate)."""

    def __init__(self, server: Server, deadline: float) -> None:
        self._server = server
        self._deadline = deadline
        self._lock = threading.Lock()
        self._hung_up = False
        self._woken = threading.Event()
        self._sock: socket.socket | None = None
        self._talk = h11.Connection(h11.CLIENT, max_incomplete_event_size=MAX_HEAD_BYTES)

    def ask(self, method: str, path: str, body: bytes = b"") -> Head:
        """Send it all, and wait for the head of the answer. `path` is below the server's base."""
        self._connect()
        request = h11.Request(method=method, target=self._server.path + path, headers=self._server.headers(body))
        parts = (self._talk.send(request), self._talk.send(h11.Data(body)) if body else b"", self._talk.send(h11.EndOfMessage()))
        try:
            self._send(b"".join(part for part in parts if part))
            while not isinstance(event := self._event(), h11.Response):
                pass  # interim answers (1xx)
        except h11.RemoteProtocolError as error:
            if self._talk.trailing_data == (b"", True):
                raise Broken("The speech server closed the connection before it answered.") from None
            raise Broken("The speech server's answer is not HTTP/1.1.", str(error)) from None
        return Head(event.status_code, {name.decode("latin-1"): value.decode("latin-1") for name, value in event.headers})

    def body(self) -> Iterator[bytes]:
        """As it comes, at most READ_BYTES at a time."""
        try:
            while isinstance(event := self._event(), h11.Data):
                yield bytes(event.data)
        except h11.RemoteProtocolError as error:
            raise Broken("The speech server broke off in the middle of its answer.", str(error)) from None

    def hang_up(self) -> None:
        """Whoever waits in `ask` or `body` gets Cancelled at once. Any thread, any number of times."""
        with self._lock:
            self._hung_up = True
            self._woken.set()
            if self._sock:
                with suppress(OSError):
                    # The plain socket's: a TLS one would say goodbye first, and that on a thread that doesn't read it.
                    socket.socket.shutdown(self._sock, socket.SHUT_RDWR)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, where: TracebackType | None) -> None:
        with self._lock:
            if self._sock:
                self._sock.close()
            self._sock = None

    def _connect(self) -> None:
        until = min(self._deadline, time.monotonic() + self._server.connect_timeout_s)
        failure: OSError = OSError("its name has no address")
        try:
            addresses = self._addresses(until)
            for tried, address in enumerate(addresses):
                try:
                    # Each gets its share of the time, so that one that swallows packets does not use up the others'.
                    self._dial(address, time.monotonic() + _left_s(until) / (len(addresses) - tried))
                    return
                except ssl.SSLCertVerificationError as error:
                    raise Wrong("The speech server's certificate is not trusted here.", error.verify_message) from None
                except OSError as error:
                    self._stop_when_hung_up()
                    failure = error
        except OSError as error:
            failure = error
        reason = "no connection in time" if isinstance(failure, TimeoutError) else str(failure)
        raise Away("The speech server cannot be reached.", reason)

    def _addresses(self, until: float) -> tuple[Address, ...]:
        found: Future[tuple[Address, ...]] = self._server.look_up()
        found.add_done_callback(lambda _: self._woken.set())
        self._woken.wait(_left_s(until))
        self._stop_when_hung_up()
        return found.result(0)

    def _dial(self, address: Address, until: float) -> None:
        self._hold(socket.socket(socket.AF_INET6 if address.version == 6 else socket.AF_INET, socket.SOCK_STREAM))
        assert self._sock
        self._sock.settimeout(_left_s(until))
        self._sock.connect((str(address), self._server.port))
        self._sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if self._server.trust:
            secure = self._server.trust.wrap_socket(self._sock, server_hostname=self._server.host, do_handshake_on_connect=False)
            self._hold(secure)
            secure.settimeout(_left_s(until))
            secure.do_handshake()
        self._stop_when_hung_up()

    def _hold(self, sock: socket.socket) -> None:
        with self._lock:
            if self._sock:
                self._sock.close()
            self._sock = sock
        self._stop_when_hung_up()

    def _send(self, data: bytes) -> None:
        assert self._sock
        unsent = memoryview(data)
        try:
            while unsent:
                self._sock.settimeout(self._patience_s())
                unsent = unsent[self._sock.send(unsent):]
        except TimeoutError:
            raise self._silence() from None
        except OSError:
            # It may have answered before it had read all: too large, say. What it said is read next.
            self._stop_when_hung_up()

    def _event(self) -> h11.Event | type[h11.NEED_DATA] | type[h11.PAUSED]:
        while (event := self._talk.next_event()) is h11.NEED_DATA:
            self._talk.receive_data(self._read())
        return event

    def _read(self) -> bytes:
        assert self._sock
        try:
            self._sock.settimeout(self._patience_s())
            data = self._sock.recv(READ_BYTES)
        except TimeoutError:
            raise self._silence() from None
        except OSError as error:
            self._stop_when_hung_up()
            raise Broken("The connection to the speech server was lost.", str(error)) from None
        self._stop_when_hung_up()
        return data

    def _patience_s(self) -> float:
        return min(self._server.read_timeout_s, _left_s(self._deadline))

    def _silence(self) -> Trouble:
        self._stop_when_hung_up()
        if time.monotonic() >= self._deadline:
            return Broken("The speech server did not come to an end in time.")
        return Broken(f"The speech server has sent nothing for {self._server.read_timeout_s:g} s.")

    def _stop_when_hung_up(self) -> None:
        if self._hung_up:
            raise Cancelled


def _left_s(until: float) -> float:
    """Seconds left, more than 0. Raises TimeoutError when there are none."""
    left_s = until - time.monotonic()
    if left_s <= 0:
        raise TimeoutError
    return left_s

