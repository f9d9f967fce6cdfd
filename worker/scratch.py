"""Scratch: files in the making, in folders that name the process they belong to, so that a dead one's can be told."""

import os
import re
import shutil
import tempfile
from pathlib import Path

from speechmill.settings import Settings

_FOLDER = re.compile(r"speechmill-(\d+)-\w+")


def scratch_folder(settings: Settings) -> Path:
    return settings.worker.scratch or Path(tempfile.gettempdir())


def making(scratch: Path) -> "tempfile.TemporaryDirectory[str]":
    """A folder that goes when its context is left; `clear_scratch` takes it should this process be killed before."""
    return tempfile.TemporaryDirectory(prefix=f"speechmill-{os.getpid()}-", dir=scratch)


def clear_scratch(scratch: Path) -> int:
    """Remove what killed workers of this host have left behind; returns how many folders."""
    dead = [folder for folder in scratch.iterdir() if (match := _FOLDER.fullmatch(folder.name)) and not _lives(int(match[1]))]
    for folder in dead:
        shutil.rmtree(folder, ignore_errors=True)
    return len(dead)


def _lives(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:  # it is another user's
        return True
    return True
