"""The sound of lines, fetched from storage some lines ahead of who reads it: one after the other, a store that answers in 20 ms
would take a quarter of an hour for 50,000 before it has sent anything."""

import shutil
from collections import deque
from collections.abc import Generator, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from speechmill.batch_line import AcceptedLine
from speechmill.blobs.seam import Blobs
from worker.batch.fold import LineResult

AHEAD = 8
"""Lines, and so many at once."""


@dataclass(frozen=True)
class SpokenLine:
    """A line, and what became of it; `fetched` is the file that its sound is in, or None where it was not asked for."""

    number: int
    line: AcceptedLine
    result: LineResult | None
    fetched: "Future[Path | None]"

    @contextmanager
    def sound(self) -> Iterator[Path | None]:
        """The file is gone afterwards. Raises BlobMissing, BlobsUnavailable, OSError."""
        path = self.fetched.result()
        try:
            yield path
        finally:
            if path:
                path.unlink()


@dataclass(frozen=True)
class Sounds:
    """`wanted_bytes`: sound of more than that is left where it is."""

    blobs: Blobs
    folder: Path
    wanted_bytes: int

    def of(self, lines: Iterable[tuple[int, AcceptedLine, LineResult | None]]) -> Generator[SpokenLine, None, None]:
        """In the same order. Close it to stop before the end."""
        with ThreadPoolExecutor(AHEAD, thread_name_prefix="sounds") as pool:
            waiting: deque[SpokenLine] = deque()
            try:
                for number, line, result in lines:
                    waiting.append(SpokenLine(number, line, result, pool.submit(self._fetch, number, result)))
                    if len(waiting) > AHEAD:
                        yield waiting.popleft()
                while waiting:
                    yield waiting.popleft()
            finally:
                pool.shutdown(cancel_futures=True)

    def _fetch(self, number: int, result: LineResult | None) -> Path | None:
        if not (result and result.output and result.output.bytes <= self.wanted_bytes):
            return None
        path = self.folder / f"sound-{number}"
        with self.blobs.open(result.output.key) as stream, path.open("wb") as file:
            shutil.copyfileobj(stream, file)
        return path
