"""How many cores the machine gives us."""

import math
import os
from pathlib import Path

QUOTA = Path("/sys/fs/cgroup/cpu.max")
"""A container's share of time, and the period that it is counted over (Linux kernel, "Control Group v2")."""


def usable_cores(quota_file: Path = QUOTA) -> int:
    """What this process may use: a container's share, where that is less than what the machine has."""
    n_cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    if quota_file.exists():
        quota, period = quota_file.read_text("ascii").split()[:2]
        if quota != "max":
            return max(1, min(n_cores, math.ceil(int(quota) / int(period))))
    return n_cores
