"""What is measured speaks with these weights: a checkpoint that somebody has, or random ones, made now. No torch on this side."""

import argparse
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from worker.model.errors import EngineError


def add_options(parser: argparse.ArgumentParser) -> None:
    what = parser.add_mutually_exclusive_group(required=True)
    what.add_argument("--checkpoint", help="A hub id or a directory.")
    what.add_argument("--random", choices=["tiny", "0.6b", "1.7b"], help="Random weights of this size, made now.")
    parser.add_argument("--offline", action="store_true", help="Take a hub id from the cache alone.")


@contextmanager
def weights(asked: argparse.Namespace) -> Iterator[Path]:
    """The checkpoint's folder. A random one never draws its end token, whoever speaks with it, so that everybody speaks as long
    as told; it is gone afterwards. Raises EngineError."""
    from worker.model.hub import fetch

    if asked.checkpoint:
        yield fetch(asked.checkpoint, offline=asked.offline, report=lambda progress: print(progress, file=sys.stderr))  # noqa: T201
        return
    with tempfile.TemporaryDirectory(prefix="speechmill-random-") as folder:
        made = subprocess.run([sys.executable, "-P", "-m", "worker.bench.random_weights", folder, asked.random], check=False)
        if made.returncode:
            raise EngineError(f"random weights could not be made in {folder} (see above)")
        yield Path(folder)
