"""What a process takes of this machine, as Linux tells it."""

import os
from dataclasses import dataclass
from pathlib import Path

from speechmill.cli.exits import Failure


@dataclass(frozen=True)
class Footprint:
    rss_bytes: int
    open_files: int
    cpu_s: float


def footprint(pid: int) -> Footprint:
    """Raises Failure where there is no /proc, or no such process."""
    process = Path(f"/proc/{pid}")
    try:
        fields = (process / "stat").read_text().rpartition(")")[2].split()
        n_files = len(list((process / "fd").iterdir()))
        n_pages = int((process / "statm").read_text().split()[1])
    except OSError as error:
        raise Failure(f"the producer cannot be looked at: {error}. This bench needs Linux.") from None
    ticks = int(fields[11]) + int(fields[12])
    return Footprint(n_pages * os.sysconf("SC_PAGE_SIZE"), n_files, ticks / os.sysconf("SC_CLK_TCK"))
