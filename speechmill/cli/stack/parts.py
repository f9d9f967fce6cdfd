"""Which parts a stack has, and what each is started with."""

import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from speechmill.cli.cores import usable_cores
from speechmill.cli.exits import Exit, Failure
from speechmill.cli.stack.folder import DataFolder
from speechmill.cli.stack.part import Program
from speechmill.cli.stack.redis import is_free
from speechmill.cli.stack.secrets import Secrets

LEASE_S = "10"
"""On one machine a worker's silence is soon noticed: its processes die with the stack."""
LEAST_CPU_SLOTS = 4
"""Chapters are joined side by side on all cores of the machine. With few, there are still steps that only wait for storage."""
GRACE_S = 25.0
"""SPEECHMILL_WORKER__GRACE_S, where it is not set."""


@dataclass(frozen=True)
class Asked:
    """What `up` was asked for. `workers` is False for a stack that only accepts; `checkpoint` is for voices with an engine;
    `settings` are further environment variables, which go before those set outside."""

    port: int
    voice: str
    workers: bool = True
    checkpoint: str = ""
    settings: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Address:
    """Where the producer listens."""

    host: str
    port: int

    @property
    def reachable(self) -> str:
        """A host under which this machine reaches it."""
        return {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(self.host, self.host)

    @property
    def url(self) -> str:
        host = f"[{self.reachable}]" if ":" in self.reachable else self.reachable
        return f"http://{host}:{self.port}"


def listening_address(port: int, outside: Mapping[str, str]) -> Address:
    """Raises Failure when somebody else listens there."""
    address = Address(outside.get("SPEECHMILL_PRODUCER__HOST") or "127.0.0.1", port)
    if not is_free(address.host, port):
        raise Failure(f"port {port} of {address.host} is taken. Stop what listens there, or choose another with --port.",
                      Exit.UNAVAILABLE)
    return address


def environment(folder: DataFolder, secrets: Secrets, asked: Asked, redis_url: str,
                outside: Mapping[str, str] = os.environ) -> dict[str, str]:
    """The settings of producer and workers: what the stack decides, and for the rest what is set outside, else ours."""
    if outside.get("SPEECHMILL_REDIS__URL"):
        raise Failure("SPEECHMILL_REDIS__URL is set, but `speechmill up` runs a Redis of its own. Unset it; or, to use that "
                      "one, start the parts yourself: python -m producer, python -m worker speech, python -m worker cpu.",
                      Exit.USAGE)
    defaults = {
        "SPEECHMILL_BLOBS__FOLDER": str(folder.objects.absolute()),
        "SPEECHMILL_BLOBS__URL_SECRET": secrets.url_secret,
        "SPEECHMILL_WEBHOOKS__SECRET": secrets.webhook_secret,
        "SPEECHMILL_WORKER__LEASE_S": LEASE_S,
        "SPEECHMILL_WORKER__CPU_SLOTS": str(max(LEAST_CPU_SLOTS, usable_cores())),
        "SPEECHMILL_WORKER__SCRATCH": str(folder.scratch.absolute()),
    }
    decided = {
        "SPEECHMILL_REDIS__URL": redis_url,
        "SPEECHMILL_PRODUCER__PORT": str(asked.port),
        "SPEECHMILL_WORKER__VOICE": asked.voice,
        **({"SPEECHMILL_ENGINE__CHECKPOINT": asked.checkpoint} if asked.checkpoint else {}),
        **asked.settings,
    }
    given = {name: value for name, value in outside.items() if value or name not in defaults}
    return {**defaults, **given, **decided}


def redis_part(program: str, configuration: Path, folder: DataFolder) -> Program:
    return Program("Redis server", (program, str(configuration)), os.environ, folder.logs / "redis.log", patience_s=10)


def producer_part(settings: Mapping[str, str], folder: DataFolder) -> Program:
    return _python("producer", ("producer",), settings, folder.logs / "producer.log", patience_s=15)


def worker_part(role: str, settings: Mapping[str, str], folder: DataFolder) -> Program:
    return _python(f"{role} worker", ("worker", role), settings, folder.logs / f"{role}.log", _grace_s(settings) + 10)


def _python(name: str, module: tuple[str, ...], settings: Mapping[str, str], log: Path, patience_s: float) -> Program:
    # -P: a folder `worker` or `producer` where the user happens to stand must not be taken for ours.
    return Program(name, (sys.executable, "-P", "-m", *module), settings, log, patience_s)


def _grace_s(settings: Mapping[str, str]) -> float:
    try:
        return float(settings.get("SPEECHMILL_WORKER__GRACE_S", GRACE_S))
    except ValueError:
        return GRACE_S  # The worker refuses to start with it, and says why.
