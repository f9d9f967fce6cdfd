"""A real Redis that speaks TLS alone, wants a client's certificate, and lets one user in, who may do little."""

from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from urllib.parse import urlencode

import redis
import trustme

from tests.services.program import Program, free_port
from tests.services.redis_server import redis_arguments

USER, PASSWORD = "speechmill", "a password of the TLS tests"
RULES = ("~{speechmill}:*", "&{speechmill}:*", "&{speechmill}:celery:/0.celery.pidbox",
         "-@all", "+@read", "+@write", "+@pubsub", "+@transaction", "+@connection", "-@dangerous",
         "+eval", "+evalsha", "+script|load", "+script|exists", "+info", "+time")
"""As docs/security.md has them."""
WATCHER, WATCHER_PASSWORD = "watcher", "another password"


@dataclass(frozen=True)
class TlsRedis:
    """A running server, and the files that clients need."""

    port: int
    authority: Path
    certificate: Path

    @property
    def url(self) -> str:
        """With all that the server wants."""
        return self.url_for(USER, PASSWORD)

    def url_for(self, user: str, password: str) -> str:
        return f"rediss://{user}:{password.replace(' ', '%20')}@127.0.0.1:{self.port}/0?" + urlencode(
            {"ssl_ca_certs": self.authority, "ssl_certfile": self.certificate, "ssl_keyfile": self.certificate})

    def watcher(self) -> "closing[redis.Redis]":
        """A connection that may do all, to look at what was done."""
        return closing(redis.Redis.from_url(self.url_for(WATCHER, WATCHER_PASSWORD), decode_responses=True))


@contextmanager
def running_tls_redis(folder: Path) -> Iterator[TlsRedis]:
    """On a free loopback port. Raises DidNotStart where this machine's Redis was built without TLS."""
    authority = trustme.CA()
    server, client = authority.issue_cert("127.0.0.1", "localhost"), authority.issue_cert(USER)
    files = {name: folder / file for name, file in (
        ("ca", "ca.pem"), ("server", "server.pem"), ("client", "client.pem"), ("acl", "users.acl"))}
    authority.cert_pem.write_to_path(str(files["ca"]))
    server.private_key_and_cert_chain_pem.write_to_path(str(files["server"]))
    client.private_key_and_cert_chain_pem.write_to_path(str(files["client"]))
    files["acl"].write_text(f"user default off\nuser {USER} on #{_digest(PASSWORD)} {' '.join(RULES)}\n"
                            f"user {WATCHER} on #{_digest(WATCHER_PASSWORD)} ~* &* +@all\n")
    port = free_port()
    running = TlsRedis(port, files["ca"], files["client"])
    program = Program((*redis_arguments(folder, "127.0.0.1", 0), "--tls-port", str(port), "--tls-auth-clients", "yes",
                       "--tls-ca-cert-file", str(files["ca"]), "--tls-cert-file", str(files["server"]),
                       "--tls-key-file", str(files["server"]), "--aclfile", str(files["acl"])),
                      folder / "redis.log", lambda: _answers(running))
    program.start()
    try:
        yield running
    finally:
        program.stop()


def _digest(password: str) -> str:
    return sha256(password.encode()).hexdigest()


def _answers(server: TlsRedis) -> bool:
    with server.watcher() as client:
        try:
            return bool(client.ping())
        except redis.RedisError:
            return False
