"""Liveness: each worker's heartbeat thread touches a file, as long as its voice is well; a file that is touched no more means a
wedged process, or one whose engine nobody restarts.

Celery's `inspect ping` is no sign of life: its main thread answers while the rest hangs.
"""

import os
import time
from pathlib import Path

from speechmill.settings import Settings
from worker.scratch import scratch_folder


def alive_file(settings: Settings) -> Path:
    """This process's sign of life."""
    return scratch_folder(settings) / f"speechmill-worker-{os.getpid()}.alive"


def is_alive(settings: Settings) -> bool:
    """Whether some worker on this host has beaten within one lease."""
    newest = max((file.stat().st_mtime for file in scratch_folder(settings).glob("speechmill-worker-*.alive")), default=0.0)
    return time.time() - newest < settings.worker.lease_s
