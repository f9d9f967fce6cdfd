"""What became of each line of a batch, brought together on disk from the objects that lines were folded into."""

import shutil
from array import array
from collections.abc import Iterable
from pathlib import Path
from typing import BinaryIO

from speechmill.blobs.seam import Blobs
from worker.batch.fold import LineResult

_NONE = 2**64 - 1


class Results:
    """By the line's number; eight bytes of memory a line. `sound_bytes`: what all that was spoken has."""

    def __init__(self, file: BinaryIO, places: "array[int]", sound_bytes: int) -> None:
        self._file = file
        self._places = places
        self.sound_bytes = sound_bytes

    def of(self, number: int) -> LineResult | None:
        """None of a line that was never opened."""
        place = self._places[number]
        if place == _NONE:
            return None
        self._file.seek(place)
        return LineResult.read(self._file.readline())


def fetch_all(blobs: Blobs, keys: Iterable[str], path: Path) -> None:
    """All of them into one file. Raises BlobMissing, BlobsUnavailable, OSError."""
    with path.open("wb") as file:
        for key in keys:
            with blobs.open(key) as stream:
                shutil.copyfileobj(stream, file)


def read_results(file: BinaryIO, lines: int) -> Results:
    """Of a batch with so many lines."""
    places = array("Q", [_NONE]) * (lines + 1)
    place = sound_bytes = 0
    for line in file:
        result = LineResult.read(line)
        if places[result.number] == _NONE and result.output:  # a line may be there twice, and is the same both times
            sound_bytes += result.output.bytes
        places[result.number] = place
        place += len(line)
    return Results(file, places, sound_bytes)
