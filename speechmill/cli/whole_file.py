"""Files that appear whole or not at all, and leave nothing behind, however often their writers are killed."""

import fcntl
import glob
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO


@contextmanager
def whole_file(target: Path) -> Iterator[IO[bytes]]:
    """What is written goes beside `target` and becomes it at the end, unless the body raises. Two writers don't disturb each
    other; the later one wins. Raises OSError."""
    _remove_what_was_left(target)
    partial, file = _begin(target)
    try:
        with file:
            yield file
            file.flush()
            os.replace(partial, target)  # still locked
    finally:
        partial.unlink(missing_ok=True)


def _begin(target: Path) -> tuple[Path, IO[bytes]]:
    """Under a lock, which goes with the process: by it others tell that somebody still writes. Where a file system has no locks,
    nothing that was left is removed."""
    while True:
        partial = target.with_name(f".{target.name}.{secrets.token_hex(4)}.part")
        file = partial.open("xb")
        with suppress(OSError):
            fcntl.flock(file, fcntl.LOCK_EX)
        if partial.exists():  # else it was taken for one that was left, before it was locked
            return partial, file
        file.close()


def _remove_what_was_left(target: Path) -> None:
    """By writers that were killed. What cannot be removed is left."""
    for left in target.parent.glob(f".{glob.escape(target.name)}.*.part"):
        with suppress(OSError), left.open("rb") as file:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)  # who still writes holds it
            left.unlink()
