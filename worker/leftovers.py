"""What killed workers have left in their scratch folder. Each set of files in the making has a folder of its own there, locked as
long as its maker lives: so those of the dead can be told, whatever process ids other containers use."""

import fcntl
import os
import re
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

_FOLDER = re.compile(r"speechmill-\d+-\w+")
_YOUNG_S = 60.0
"""A folder as young as this may not have been locked yet."""
_SIGNS_KEPT_S = 86_400.0


@contextmanager
def locked(folder: str) -> Iterator[None]:
    """Inside, `folder` is known to be somebody's."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def clear_scratch(scratch: Path) -> int:
    """Remove what killed workers have left behind in the scratch folder; returns how many sets of files."""
    left = [path for path in scratch.iterdir() if _FOLDER.fullmatch(path.name) and _is_left(path)]
    for path in left:
        shutil.rmtree(path, ignore_errors=True)
    for sign in scratch.glob("speechmill-worker-*.alive"):  # see health.py
        with suppress(OSError):
            if time.time() - sign.stat().st_mtime > _SIGNS_KEPT_S:
                sign.with_suffix(".ready").unlink(missing_ok=True)
                sign.unlink()
    return len(left)


def _is_left(folder: Path) -> bool:
    with suppress(OSError):  # gone meanwhile, or locked by who makes it
        if time.time() - folder.stat().st_mtime < _YOUNG_S:
            return False
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return True
        finally:
            os.close(descriptor)
    return False
