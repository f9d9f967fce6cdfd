"""A voice that comes to no end, so that a test can do something in the middle of a job, however slow the machine is."""

from collections.abc import Iterator
from contextlib import contextmanager

from tests.e2e.stack import Stack


@contextmanager
def held(stack: Stack) -> Iterator[None]:
    """Inside, utterances with HELD in their text do not end; their sound is heard all the same. They are spoken by
    tests.e2e.paced_worker. A stop ends them as it does any other."""
    file = stack.folder / "held"
    file.touch()
    try:
        yield
    finally:
        file.unlink(missing_ok=True)
