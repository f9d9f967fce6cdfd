"""What a worker's process counts of itself. It serves no metrics: each beat tells Redis, and the producers' /metrics shows it."""

import os
import threading
import time
from collections import Counter
from pathlib import Path
from typing import Literal

from speechmill.blobs.counted import OPERATIONS, Operation

Event = Literal["doorbells_lost", "voice_deaths"]

_COUNTED = ("doorbells_lost", "voice_deaths", *(f"storage_errors:{operation}" for operation in OPERATIONS))
"""Those that have not counted yet are told as zero, so that a rate sees their first step."""
_PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")


class Figures:
    """Counters since the process began, from any thread."""

    def __init__(self) -> None:
        self._started_s = time.time()
        self._counts: Counter[str] = Counter(dict.fromkeys(_COUNTED, 0))
        self._lock = threading.Lock()

    def count(self, event: Event) -> None:
        with self._lock:
            self._counts[event] += 1

    def storage_failed(self, operation: Operation) -> None:
        with self._lock:
            self._counts[f"storage_errors:{operation}"] += 1

    def now(self) -> dict[str, float]:
        """By name: the counters, Unix seconds of the start, seconds of CPU, and bytes of memory where the system tells."""
        with self._lock:
            counts = dict(self._counts)
        return {**counts, "started_s": self._started_s, "cpu_s": time.process_time(), **_memory()}


def _memory() -> dict[str, float]:
    try:
        resident = Path("/proc/self/statm").read_text().split()[1]
    except OSError:
        return {}  # not Linux
    return {"rss_bytes": int(resident) * _PAGE_BYTES}
