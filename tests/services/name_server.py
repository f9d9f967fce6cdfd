"""A name server (RFC 1035) over UDP, whose every answer a test decides. Nothing it says may be remembered: its TTLs are 0."""

import ipaddress
import socket
import struct
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field

A, AAAA = 1, 28
HEADER = struct.Struct("!6H")
ANSWERED, NO_ERROR_FLAGS = 0x8000, 0x0480   # an answer; authoritative, recursion available


@dataclass
class NameServer:
    """`addresses` says what a name leads to now; it is asked at each query. `asked`: the queries for IPv4 addresses."""

    addresses: Callable[[str], tuple[str, ...]]
    host: str = "127.0.0.1"
    port: int = 53
    asked: list[str] = field(default_factory=list)

    def start(self) -> None:
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind((self.host, self.port))
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def stop(self) -> None:
        with suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)   # wakes the thread
        self._thread.join(5)
        self._socket.close()

    def _serve(self) -> None:
        while True:
            query, client = self._socket.recvfrom(4096)
            if not query:
                return
            self._socket.sendto(self._answer(query), client)

    def _answer(self, query: bytes) -> bytes:
        number, flags, *_ = HEADER.unpack_from(query)
        name, end = _name(query, HEADER.size)
        (kind,) = struct.unpack_from("!H", query, end)
        if kind == A:
            self.asked.append(name)
        found = [ipaddress.ip_address(address) for address in self.addresses(name)] if kind in (A, AAAA) else []
        records = [address.packed for address in found if address.version == (4 if kind == A else 6)]
        head = HEADER.pack(number, ANSWERED | NO_ERROR_FLAGS | flags & 0x0100, 1, len(records), 0, 0)
        # 0xC00C: the name that stands at byte 12, in the question.
        return head + query[HEADER.size:end + 4] + b"".join(
            struct.pack("!HHHIH", 0xC00C, kind, 1, 0, len(packed)) + packed for packed in records)


def _name(query: bytes, at: int) -> tuple[str, int]:
    """A name as a question has it, and where it ends."""
    labels = []
    while query[at]:
        labels.append(query[at + 1:at + 1 + query[at]].decode("ascii"))
        at += 1 + query[at]
    return ".".join(labels), at + 1
