"""The server that a command talks to: one that runs, else one that is started for as long as the command takes."""

import shlex
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from speechmill.cli.batch.api import BatchApi
from speechmill.cli.book.options import Where
from speechmill.cli.book.server import some_server


@dataclass(frozen=True)
class BatchServer:
    """`options` are those with which a further command finds it. `ends_with_us`: it was started for this command."""

    api: BatchApi
    options: str
    ends_with_us: bool

    def command(self, *words: str) -> str:
        """A command line for people to type."""
        return " ".join(("speechmill batch", *(shlex.quote(word) for word in words))) + self.options


@contextmanager
def batch_server(where: Where, *, first: bool = False) -> Iterator[BatchServer]:
    """As `some_server`. Raises Failure when none can be reached or started."""
    with some_server(where, first=first) as server, BatchApi(server.api.url) as api:
        yield BatchServer(api, server.options, server.ends_with_us)
