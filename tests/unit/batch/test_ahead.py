"""Sound of lines is fetched ahead, and comes in the order of the lines, a few files at a time."""

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from speechmill.batch_line import AcceptedLine
from speechmill.blobs.folder import FolderBlobs
from speechmill.errors import BlobMissing
from speechmill.job import Output
from worker.batch.ahead import AHEAD, Sounds
from worker.batch.fold import LineResult

MANY = 40


@pytest.fixture
def blobs(tmp_path: Path) -> FolderBlobs:
    return FolderBlobs(tmp_path / "objects", "a secret of the tests")


def spoken(blobs: FolderBlobs, number: int, size: int = 10) -> LineResult:
    key, sound = f"t/local/results/batch_1/{number}/1.mp3", bytes([number]) * size
    stored = blobs.put(key, sound, "audio/mpeg")
    return LineResult(number, Output(key=key, bytes=size, sha256=stored.sha256, content_type="audio/mpeg", duration_seconds=1.0,
                                     sample_rate=24_000), None)


def lines(results: list[LineResult | None]) -> Iterator[tuple[int, AcceptedLine, LineResult | None]]:
    for number, result in enumerate(results, 1):
        yield number, AcceptedLine(f"{number}", f"{number}", "Hello.", {}), result


def folder(tmp_path: Path) -> Path:
    place = tmp_path / "scratch"
    place.mkdir()
    return place


def test_sound_comes_in_the_order_of_the_lines_and_few_files_lie_there(blobs: FolderBlobs, tmp_path: Path) -> None:
    place = folder(tmp_path)
    heard = []
    for line in Sounds(blobs, place, wanted_bytes=10).of(lines([spoken(blobs, n) for n in range(1, MANY + 1)])):
        with line.sound() as path:
            assert path
            heard.append(path.read_bytes())
        assert len(list(place.iterdir())) <= AHEAD + 1
    assert heard == [bytes([n]) * 10 for n in range(1, MANY + 1)]
    assert not list(place.iterdir())


def test_sound_that_is_too_large_was_never_spoken_or_is_gone_is_no_file(blobs: FolderBlobs, tmp_path: Path) -> None:
    gone = spoken(blobs, 4)
    assert gone.output
    blobs.delete(gone.output.key)
    told = Sounds(blobs, folder(tmp_path), 10).of(lines([None, spoken(blobs, 2, 11), LineResult(3, None, None), gone]))
    for _ in range(3):
        with next(told).sound() as path:
            assert path is None
    with pytest.raises(BlobMissing), next(told).sound():
        pass
    assert next(told, None) is None


def test_who_stops_early_leaves_no_thread_behind(blobs: FolderBlobs, tmp_path: Path) -> None:
    told = Sounds(blobs, folder(tmp_path), wanted_bytes=10).of(lines([spoken(blobs, n) for n in range(1, MANY + 1)]))
    next(told)
    assert any(thread.name.startswith("sounds") for thread in threading.enumerate())
    told.close()
    assert not any(thread.name.startswith("sounds") for thread in threading.enumerate())
