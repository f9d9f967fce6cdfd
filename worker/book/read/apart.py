"""Reading in a process of its own: whatever a file does to the parsers, it does it there."""

import json
import os
import subprocess
import sys
from pathlib import Path

from worker.book.content import Book
from worker.book.errors import BookUnreadable
from worker.book.read.wire import from_json

TIMEOUT_S = 60.0
"""Of the wall clock. A book of 100,000 words takes two seconds; the process ends itself after CPU_S of work."""

UNREADABLE = 65                 # exit status, EX_DATAERR of sysexits.h: the reason is on stdout
OUT_OF_MEMORY = 71              # EX_OSERR

_ENVIRONMENT = ("PATH", "PYTHONPATH", "VIRTUAL_ENV", "LD_LIBRARY_PATH", "TMPDIR")
"""What the process gets to know of ours: no keys, no passwords."""


def read_apart(path: Path, name: str = "", *, timeout_s: float = TIMEOUT_S) -> Book:
    """As `read_book`, in a process with limits of memory and time (limits.py). Raises BookUnreadable, also where these did not
    do."""
    command = [sys.executable, "-m", "worker.book.read", str(path), f"--name={name or path.name}"]
    environment = {key: value for key in _ENVIRONMENT if (value := os.environ.get(key)) is not None}
    try:
        done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, timeout=timeout_s, check=False,
                              env={**environment, "PYTHONUTF8": "1"})
    except subprocess.TimeoutExpired as error:
        raise BookUnreadable(f"The file was not read within {timeout_s:g} s. No book takes that long: its structure must be "
                             f"broken.") from error
    if done.returncode == 0:
        return from_json(done.stdout)
    if done.returncode == UNREADABLE:
        reason = json.loads(done.stdout)
        raise BookUnreadable(reason["message"], reason["part"])
    if done.returncode == OUT_OF_MEMORY:
        raise BookUnreadable("Reading the file takes more memory than any book needs: its structure must be broken.")
    if done.returncode < 0:
        raise BookUnreadable(f"Reading the file took its process down (signal {-done.returncode}): it is broken, or needs more "
                             f"time or "
                             "memory than any book.")
    raise RuntimeError(f"The process that reads books failed: {done.stderr.decode(errors='replace')[-2000:]}")
