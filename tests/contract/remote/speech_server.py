"""A real speech server on loopback that answers as a test tells it: good sound, or anything else."""

import json
import socket
import ssl
import struct
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tests.services.program import free_port

TEXT = "A word in your ear."
MODELS = {"object": "list", "data": [{"id": "kokoro", "object": "model", "owned_by": "kokoro"}]}
VOICES = {"voices": ["af_heart", "am_adam"]}


@dataclass(frozen=True)
class Asked:
    """One request; `fields` is its JSON."""

    method: str
    path: str
    headers: dict[str, str]
    fields: dict[str, Any]


Answer = Callable[[socket.socket], None]
"""Writes to the connection, which is closed when it returns."""


@dataclass
class SpeechServer:
    """`speech` answers POSTs, one after the other; the last one answers all that follow. `models` and `voices` are None for a
    server without that list."""

    speech: list[Answer]
    models: object = field(default_factory=lambda: MODELS)
    voices: object = field(default_factory=lambda: VOICES)
    lists: Answer | None = None      # instead of both
    tls: ssl.SSLContext | None = None
    asked: list[Asked] = field(default_factory=list)
    ended: threading.Event = field(default_factory=threading.Event)

    @property
    def spoken(self) -> list[Asked]:
        return [asked for asked in self.asked if asked.method == "POST"]

    def start(self) -> None:
        self.start_at(free_port())  # not one that the kernel gives away when this server is closed for a while

    def start_at(self, port: int) -> None:
        self.listener = socket.create_server(("127.0.0.1", port))
        self.port = port
        self.url = f"https://localhost:{self.port}/v1" if self.tls else f"http://127.0.0.1:{self.port}/v1"
        self._lock = threading.Lock()
        self._threads = [threading.Thread(target=self._accept)]
        self._threads[0].start()

    def close(self) -> None:
        """May be called twice."""
        if self.ended.is_set():
            return
        self.ended.set()
        with suppress(OSError):
            socket.create_connection(("127.0.0.1", self.port)).close()  # wakes `_accept`
        for thread in self._threads:
            thread.join(20)
        self.listener.close()

    def _accept(self) -> None:
        while True:
            connection, _ = self.listener.accept()
            if self.ended.is_set():
                connection.close()
                return
            self._threads.append(threading.Thread(target=self._serve, args=(connection,)))
            self._threads[-1].start()

    def _serve(self, raw: socket.socket) -> None:
        raw.settimeout(15)
        with raw, suppress(OSError), self.tls.wrap_socket(raw, server_side=True) if self.tls else raw as connection:
            asked = read_request(connection)
            if asked is None:
                return
            with self._lock:
                self.asked.append(asked)
                answer = self._answer(asked)
            answer(connection)

    def _answer(self, asked: Asked) -> Answer:
        if asked.method == "POST":
            return self.speech[min(len(self.spoken), len(self.speech)) - 1]
        if self.lists:
            return self.lists
        listed = {"/v1/models": self.models, "/v1/audio/voices": self.voices}.get(asked.path)
        return problem(404, {"detail": "Not Found"}) if listed is None else reply(json.dumps(listed).encode(), "application/json")


@contextmanager
def speech_server(*speech: Answer, **lists: Any) -> Iterator[SpeechServer]:
    server = SpeechServer(list(speech) or [sound()], **lists)
    server.start()
    try:
        yield server
    finally:
        server.close()


def read_request(connection: socket.socket) -> Asked | None:
    data = b""
    while b"\r\n\r\n" not in data:
        if not (chunk := connection.recv(65536)):
            return None
        data += chunk
    head, _, body = data.partition(b"\r\n\r\n")
    first, *lines = head.decode().split("\r\n")
    headers = {name.lower(): value for name, value in (line.split(": ", 1) for line in lines)}
    while len(body) < int(headers.get("content-length", 0)):
        body += connection.recv(65536)
    method, path, _ = first.split(" ")
    return Asked(method, path, headers, json.loads(body) if body else {})


# --- answers

def reply(body: bytes, content_type: str, status: int = 200, **headers: str) -> Answer:
    further = {name.replace("_", "-"): value for name, value in headers.items()}
    lines = {"content-type": content_type, "content-length": str(len(body)), **further}
    head = f"HTTP/1.1 {status} Status\r\n" + "".join(f"{name}: {value}\r\n" for name, value in lines.items()) + "\r\n"
    return lambda connection: connection.sendall(head.encode() + body)


def problem(status: int, body: dict[str, Any], **headers: str) -> Answer:
    return reply(json.dumps(body).encode(), "application/json", status, **headers)


def sound(duration_s: float = 1.0) -> Answer:
    """Raw PCM at 24 kHz, all at once."""
    return reply(pcm16(tone(duration_s)), "audio/pcm")


def chunked(pieces: Iterator[bytes] | list[bytes], content_type: str = "audio/pcm", *, to_the_end: bool = True) -> Answer:
    """As a stream; without its end the connection breaks off."""
    def answer(connection: socket.socket) -> None:
        connection.sendall(f"HTTP/1.1 200 OK\r\ncontent-type: {content_type}\r\ntransfer-encoding: chunked\r\n\r\n".encode())
        for piece in pieces:
            connection.sendall(f"{len(piece):x}\r\n".encode() + piece + b"\r\n")
        if to_the_end:
            connection.sendall(b"0\r\n\r\n")

    return answer


def hang(server_ended: threading.Event, first: bytes = b"") -> Answer:
    """Sends `first`, then nothing, until the client goes or the server ends."""
    def answer(connection: socket.socket) -> None:
        connection.sendall(first)
        connection.settimeout(0.05)
        while not server_ended.is_set():
            with suppress(TimeoutError):
                if not connection.recv(1):
                    return

    return answer


# --- sound

def tone(duration_s: float = 1.0, hz: float = 440.0, sample_rate_hz: int = 24_000) -> NDArray[np.float32]:
    """float32 [n_samples], 0.3 of full scale."""
    at = np.arange(round(duration_s * sample_rate_hz))
    pcm: NDArray[np.float32] = (0.3 * np.sin(2 * np.pi * hz / sample_rate_hz * at)).astype(np.float32)
    return pcm


def pcm16(pcm: NDArray[np.float32]) -> bytes:
    return np.rint(pcm * 32767).astype("<i2").tobytes()


def wav(samples: bytes, *, coding: int = 1, bits: int = 16, n_channels: int = 1, sample_rate_hz: int = 24_000,
        data_bytes: int | None = None) -> bytes:
    """`data_bytes`: what the header says, where that isn't the truth."""
    told = len(samples) if data_bytes is None else data_bytes
    frame = n_channels * bits // 8
    return (b"RIFF" + struct.pack("<I", (36 + told) & 0xFFFF_FFFF) + b"WAVEfmt "
            + struct.pack("<IHHIIHH", 16, coding, n_channels, sample_rate_hz, sample_rate_hz * frame, frame, bits)
            + b"data" + struct.pack("<I", told) + samples)
