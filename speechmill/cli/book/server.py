"""The server that a command talks to: one that runs, else one that is started for as long as the command takes."""

import shlex
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from speechmill.cli.book.api import BookApi
from speechmill.cli.book.options import Where
from speechmill.cli.exits import Exit, Failure
from speechmill.cli.options import DEFAULT_DATA, DEFAULT_URL
from speechmill.cli.stack.folder import DataFolder
from speechmill.cli.voices import Voice


@dataclass(frozen=True)
class Server:
    """`options` are those with which a further command finds it. `ends_with_us`: it was started for this command."""

    api: BookApi
    options: str
    ends_with_us: bool = False

    def command(self, *words: str) -> str:
        """A command line for people to type."""
        return " ".join(("speechmill book", *(shlex.quote(word) for word in words))) + self.options


@contextmanager
def some_server(where: Where, *, first: bool = False) -> Iterator[Server]:
    """A running server, else one of our own; `first`: also on a folder where none ever ran. Raises Failure when none can be
    reached or started."""
    if url := _running(where):
        with BookApi(url) as api:
            yield Server(api, _found_by(where))
        return
    from speechmill.cli.own_stack import own_stack

    folder = where.data or DEFAULT_DATA
    if not first and not DataFolder(folder).secrets.exists():
        raise Failure(f"no server runs {'' if where.data else f'at {DEFAULT_URL} '}and none ever ran on {folder}. --data names "
                      "the folder of another, --url or SPEECHMILL_URL its address.", Exit.UNAVAILABLE)
    with own_stack(folder, where.voice, where.checkpoint) as stack, BookApi(stack.address.url) as api:
        yield Server(api, _found_by(where) + _speaking(where), ends_with_us=True)


def _running(where: Where) -> str:
    """The URL of the server that was named, or of one that was found; empty where none runs."""
    if where.url and not where.data:
        return where.url
    running = DataFolder(where.data or DEFAULT_DATA).noted()
    found = [running.url] if running else []
    for url in found if where.data else [*found, DEFAULT_URL]:
        with BookApi(url) as api:
            if api.answers():
                return url
    return ""


def _found_by(where: Where) -> str:
    if where.data:
        return f" --data {shlex.quote(str(where.data))}"
    return f" --url {shlex.quote(where.url)}" if where.url else ""


def _speaking(where: Where) -> str:
    voice = "" if where.voice is Voice.ESPEAK else f" --up-voice {where.voice}"
    return f"{voice} --checkpoint {shlex.quote(where.checkpoint)}" if where.checkpoint else voice
