"""The random checkpoint of a lap, made in a process of its own: torch's memory is not to be the caller's. No torch here."""

import multiprocessing
import tempfile
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from pathlib import Path

from worker.model.config import Kind
from worker.model.random_config import Size


@contextmanager
def random_checkpoint(size: Size, kind: Kind) -> Iterator[Path]:
    """Its folder, thrown away afterwards."""
    with tempfile.TemporaryDirectory(prefix="speechmill-random-") as folder:
        with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as process:
            process.submit(_write, Path(folder), size, kind).result()
        yield Path(folder)


def _write(folder: Path, size: Size, kind: Kind) -> None:
    import torch

    from worker.model.random_checkpoint import write_random_checkpoint

    write_random_checkpoint(folder, size=size, kind=kind, device="cuda" if torch.cuda.is_available() else "cpu")
