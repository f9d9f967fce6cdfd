"""The accepted lines of a batch, read back: any run of them."""

from collections.abc import Sequence

from speechmill.batch_line import AcceptedLine, LinePlace
from speechmill.blobs.seam import Blobs


def places_key(lines_key: str) -> str:
    """The object that says where each of the lines lies."""
    return f"{lines_key}.places"


def read_places(blobs: Blobs, lines_key: str, first: int, count: int) -> list[LinePlace]:
    """Of `count` lines from number `first`, which counts from 1. Raises BlobMissing, BlobsUnavailable."""
    with blobs.open(places_key(lines_key), (first - 1) * LinePlace.SIZE, count * LinePlace.SIZE) as stream:
        return LinePlace.unpacked(stream.read())


def read_run(blobs: Blobs, lines_key: str, places: Sequence[LinePlace]) -> list[AcceptedLine]:
    """Lines that stand one behind the other. Raises BlobMissing, BlobsUnavailable."""
    if not places:
        return []
    with blobs.open(lines_key, places[0].offset, sum(place.n_bytes for place in places)) as stream:
        return [AcceptedLine.read(line) for line in stream.read().splitlines()]
