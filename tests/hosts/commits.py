"""Commits as they reach Redis, those from another time included."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field

from redis import RedisError
from redis.client import Monitor

from speechmill.store.scripts import SCRIPTS
from tests.hosts.cluster import Cluster

COMMITS = tuple(SCRIPTS[verb].sha for verb in ("planned", "spoken", "completed"))


@dataclass
class Commits:
    """Commands that came, as Redis's MONITOR writes them."""

    lines: list[str] = field(default_factory=list)

    def of(self, leases: dict[str, str]) -> set[str]:
        """Those of these units (unit -> token) that were committed under these very tokens."""
        return {ref for ref, token in leases.items() if any(f" {ref} {token} " in line for line in self.lines)}


@contextmanager
def commits_seen(cluster: Cluster) -> Iterator[Commits]:
    """Inside, all that reach Redis are noted, whether they count or not."""
    commits = Commits()
    with Monitor(cluster.look.connection_pool) as monitor:  # type: ignore[no-untyped-call]
        thread = threading.Thread(target=_note, args=(monitor, commits))
        thread.start()
        try:
            yield commits
        finally:
            monitor.connection.disconnect()
            thread.join()


def _note(monitor: Monitor, commits: Commits) -> None:
    with suppress(RedisError, OSError, ValueError):
        while True:
            command = monitor.next_command()["command"]  # type: ignore[no-untyped-call]
            if command.startswith(tuple(f"EVALSHA {sha}" for sha in COMMITS)):
                commits.lines.append(command)
