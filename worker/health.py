"""Liveness: each worker's heartbeat thread touches a file, as long as its voice is well; a file that is touched no more means a
wedged process, or one whose engine nobody restarts. Readiness: another file is there from the end of the warm-up to a stop.

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


def ready_file(settings: Settings) -> Path:
    """There while this process takes units."""
    return alive_file(settings).with_suffix(".ready")


def is_alive(settings: Settings) -> bool:
    """Whether some worker on this host has beaten within one lease."""
    return bool(_living(settings))


def is_ready(settings: Settings) -> bool:
    """Whether some worker on this host lives and takes units: it has warmed up, and nobody has told it to stop."""
    return any(file.with_suffix(".ready").exists() for file in _living(settings))


def _living(settings: Settings) -> list[Path]:
    now = time.time()
    return [file for file in scratch_folder(settings).glob("speechmill-worker-*.alive")
            if now - file.stat().st_mtime < settings.worker.lease_s]
