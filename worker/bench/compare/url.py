"""A server that speaks OpenAI's POST /audio/speech, measured from outside: so many connections, each asks for one text after the
other. No torch."""

import http.client
import json
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from worker.bench.compare.lines import Line
from worker.bench.compare.peer import UrlPeer
from worker.bench.compare.row import PeerRow, Spoken
from worker.bench.compare.sound import NoSound, duration_s

_PIECE_BYTES = 64 << 10
LONGEST_BYTES = 64 << 20
"""Of one answer: 23 minutes of pcm."""


def measure_url(peer: UrlPeer, lines: Sequence[Line], at_once: int, limit_s: float) -> PeerRow:
    """No text is asked for after `limit_s`; each answer may take as long once more."""
    asking = _Asking(peer, list(reversed(lines)), limit_s)
    threads = [threading.Thread(target=asking.ask_until_done) for _ in range(min(at_once, len(lines)))]
    began = time.monotonic()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    spoken = Spoken(asking.audio_s, time.monotonic() - began, len(asking.first_s), asking.first_s, asking.errors)
    left = len(asking.lines)
    return PeerRow.of(peer.label, at_once, spoken, "its own lengths" if "max_new_tokens" not in peer.fields else "",
                      f"{left} texts were left at the limit" if left else "")


@dataclass
class _Asking:
    """What the connections share."""

    peer: UrlPeer
    lines: list[Line]               # the next one last
    limit_s: float
    audio_s: float = 0.0
    first_s: list[float] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def __post_init__(self) -> None:
        self.until = time.monotonic() + self.limit_s

    def ask_until_done(self) -> None:
        connection = _connection(self.peer.url, self.limit_s)
        try:
            while line := self._next():
                try:
                    first_s, seconds = _ask(connection, self.peer, line, time.monotonic() + self.limit_s)
                except (OSError, http.client.HTTPException, _Refused, NoSound) as error:
                    connection.close()  # another one is opened by itself
                    with self.lock:
                        self.errors.append(f"{type(error).__name__.strip('_')}: {error}")
                else:
                    with self.lock:
                        self.first_s.append(first_s)
                        self.audio_s += seconds
        finally:
            connection.close()

    def _next(self) -> Line | None:
        with self.lock:
            return self.lines.pop() if self.lines and time.monotonic() < self.until else None


class _Refused(Exception):
    """An answer that is no sound."""


def _connection(url: str, limit_s: float) -> http.client.HTTPConnection:
    parts = urlsplit(url)
    kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
    assert parts.hostname is not None
    return kind(parts.hostname, parts.port, timeout=limit_s)


def _ask(connection: http.client.HTTPConnection, peer: UrlPeer, line: Line, until: float) -> tuple[float, float]:
    """Seconds to the first byte of sound, and of sound."""
    body = {"model": peer.model, "voice": peer.voice, "input": line.text, "response_format": "pcm", **peer.fields}
    headers = {"Content-Type": "application/json", **({"Authorization": f"Bearer {peer.key}"} if peer.key else {})}
    began = time.monotonic()
    connection.request("POST", f"{urlsplit(peer.url).path}/audio/speech", json.dumps(body), headers)
    answer = connection.getresponse()
    sound = bytearray(answer.read1(_PIECE_BYTES))
    first_s = time.monotonic() - began
    if answer.status != 200:
        raise _Refused(f"HTTP {answer.status}: {' '.join(sound[:200].decode(errors='replace').split())}")
    while piece := answer.read1(_PIECE_BYTES):
        sound += piece
        if len(sound) > LONGEST_BYTES:
            raise _Refused(f"more than {LONGEST_BYTES >> 20} MiB for one text")
        if time.monotonic() > until:
            raise _Refused("it was still sending at the limit")
    answer.read()  # it is over, and says so only now; else the connection would not take the next text
    if not sound:
        raise _Refused("no sound at all")
    return first_s, duration_s(bytes(sound))
