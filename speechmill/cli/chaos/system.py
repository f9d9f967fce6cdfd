"""The system under fire: Redis with its disk, a producer, two workers of each role, and an S3 server behind our proxy, all on
loopback, in one data folder."""

import asyncio
import os
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from speechmill.cli.chaos.member import Member
from speechmill.cli.chaos.s3_proxy import HOST, S3Proxy
from speechmill.cli.chaos.s3_server import BUCKET, Keys, s3_part
from speechmill.cli.chaos.schedule import CPU_WORKERS, LEASE_S, PRODUCER, REDIS, S3, SPEECH_WORKERS
from speechmill.cli.exits import Exit, Failure
from speechmill.cli.stack.folder import DataFolder
from speechmill.cli.stack.group import ProcessGroup
from speechmill.cli.stack.part import Program
from speechmill.cli.stack.parts import Address, redis_part
from speechmill.cli.stack.ready import missing
from speechmill.cli.stack.redis import configure, free_port, redis_program
from speechmill.cli.stack.secrets import Secrets, keep_secrets

READY_S = 60.0
DELIVERY_S = 2.0
"""How long one delivery of an event may take."""
_POLL_S = 0.1


@dataclass(frozen=True)
class System:
    """`members` by name (schedule.py). `objects`: the folder in which the S3 server keeps the bucket."""

    folder: DataFolder
    members: Mapping[str, Member]
    address: Address
    redis_url: str
    webhook_secret: str
    proxy: S3Proxy
    objects: Path

    async def start(self) -> None:
        """Returns once it can speak. Raises Failure when it can't in time."""
        for member in self.members.values():
            member.start()
        await self.wait_ready()

    async def wait_ready(self) -> None:
        """Raises Failure."""
        deadline = time.monotonic() + READY_S
        while lacking := await asyncio.to_thread(missing, self.address, ("speech", "cpu")):
            if time.monotonic() > deadline:
                raise Failure(f"not ready in {READY_S:.0f} s, still waiting for {lacking.what}. The logs are in "
                              f"{self.folder.logs}.", Exit.UNAVAILABLE)
            await asyncio.sleep(_POLL_S)


@contextmanager
def open_system(folder: DataFolder) -> Iterator[System]:
    """Nothing runs yet; at the end nothing is left. Raises Failure when a program is missing or the folder is in use."""
    with folder.locked():
        folder.prepare()
        secrets = keep_secrets(folder.secrets)
        configuration, redis_url = configure(folder, secrets.redis_password)
        address, s3_port, keys = Address(HOST, free_port()), free_port(), Keys.new()
        proxy = S3Proxy(free_port(), s3_port)
        settings = _settings(folder, secrets) | _prefixed({
            "REDIS__URL": redis_url, "PRODUCER__PORT": str(address.port), "BLOBS__KIND": "s3", "S3__BUCKET": BUCKET,
            "S3__ENDPOINT_URL": proxy.url, "S3__ACCESS_KEY_ID": keys.access_key_id,
            "S3__SECRET_ACCESS_KEY": keys.secret_access_key})
        group = ProcessGroup()
        try:
            parts = [redis_part(redis_program(), configuration, folder), s3_part(folder, keys, s3_port),
                     _python(PRODUCER, "producer", (), settings, folder),
                     *(_python(name, "speechmill.cli.chaos.mortal_worker", (), settings, folder) for name in SPEECH_WORKERS),
                     *(_python(name, "worker", ("cpu",), settings, folder) for name in CPU_WORKERS)]
            members = dict(zip((REDIS, S3, PRODUCER, *SPEECH_WORKERS, *CPU_WORKERS),
                               (Member(part, group.id) for part in parts), strict=True))
            yield System(folder, members, address, redis_url, secrets.webhook_secret, proxy, folder.objects / BUCKET)
        finally:
            group.end()


def _python(name: str, module: str, arguments: tuple[str, ...], settings: Mapping[str, str], folder: DataFolder) -> Program:
    return Program(name, (sys.executable, "-P", "-m", module, *arguments), settings, folder.logs / f"{name}.log", patience_s=10)


def _settings(folder: DataFolder, secrets: Secrets) -> dict[str, str]:
    """As it would be set for production, but that all waits are short. None of the caller's own settings: a run must be the same
    everywhere."""
    outside = {name: value for name, value in os.environ.items() if not name.startswith("SPEECHMILL_")}
    return outside | _prefixed({
        "REDIS__WORKER_TIMEOUT_S": "2", "PRODUCER__ABANDON_AFTER_S": "1",
        "LIMITS__INLINE_BYTES": "1000",  # so that some inputs, too, go to storage
        "WORKER__VOICE": "tone", "WORKER__LEASE_S": f"{LEASE_S:g}", "WORKER__SCRATCH": str(folder.scratch.absolute()),
        "WEBHOOKS__SECRET": secrets.webhook_secret, "WEBHOOKS__ALLOW_CIDRS": "127.0.0.0/8",
        "WEBHOOKS__TIMEOUT_S": f"{DELIVERY_S:g}"})


def _prefixed(settings: Mapping[str, str]) -> dict[str, str]:
    return {f"SPEECHMILL_{name}": value for name, value in settings.items()}
