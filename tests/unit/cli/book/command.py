"""`speechmill book …` as a program."""

import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path


def environment() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if not name.startswith("SPEECHMILL_")}


def book(*arguments: str | Path, cwd: Path | None = None) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(command(*arguments), env=environment(), cwd=cwd, capture_output=True, text=True, timeout=60,
                          check=False)


def command(*arguments: str | Path) -> list[str]:
    return [sys.executable, "-m", "speechmill.cli.main", "book", *map(str, arguments)]


def until(true: Callable[[], object]) -> None:
    deadline = time.monotonic() + 30
    while not true():
        assert time.monotonic() < deadline, "it did not come true in time"
        time.sleep(0.02)
