"""Where the server is, and how it is spoken to."""

import ssl
from concurrent.futures import Future
from dataclasses import dataclass, field
from importlib.metadata import version
from typing import Self
from urllib.parse import urlsplit

import certifi

from speechmill.lookup import Address, Lookup
from speechmill.settings import RemoteSettings

USER_AGENT = f"speechmill/{version('speechmill')}"


@dataclass(frozen=True)
class Server:
    """`path` goes before each path that is asked for. `trust` is None for plain http. The key is in nothing that is printed."""

    host: str
    port: int
    path: str
    authority: str
    trust: ssl.SSLContext | None
    connect_timeout_s: float
    read_timeout_s: float
    lookup: Lookup
    _key: str = field(repr=False)

    @classmethod
    def of(cls, settings: RemoteSettings) -> Self:
        parts = urlsplit(settings.url)
        assert parts.hostname
        tls = parts.scheme == "https"
        return cls(parts.hostname, parts.port or (443 if tls else 80), parts.path, parts.netloc, _usual_trust() if tls else None,
                   settings.connect_timeout_s, settings.read_timeout_s, Lookup(), settings.api_key.get_secret_value())

    def look_up(self) -> Future[tuple[Address, ...]]:
        return self.lookup.start(self.host, self.port)

    def headers(self, body: bytes) -> list[tuple[str, str]]:
        """Of a request with this body."""
        given = [("Host", self.authority), ("User-Agent", USER_AGENT), ("Accept", "*/*"), ("Accept-Encoding", "identity"),
                 ("Connection", "close")]
        if self._key:
            given.append(("Authorization", f"Bearer {self._key}"))
        if body:
            given += [("Content-Type", "application/json"), ("Content-Length", str(len(body)))]
        return given

    def without_key(self, said: str) -> str:
        """What the server said; it may have repeated the key in it."""
        return said.replace(self._key, "(the key)") if self._key else said


def _usual_trust() -> ssl.SSLContext:
    """The authorities that the system trusts (or SSL_CERT_FILE and SSL_CERT_DIR name), and certifi's: a bare machine has none."""
    trust = ssl.create_default_context()
    trust.load_verify_locations(certifi.where())
    return trust
