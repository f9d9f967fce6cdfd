"""The sweeper goes on, whatever it meets."""

import threading
from pathlib import Path
from types import SimpleNamespace

import pytest

from worker import sweeper


class GoneScratch:
    """Of a worker whose scratch folder somebody has removed."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.looked = threading.Semaphore(0)

    def look(self) -> None:
        self.looked.release()


def test_a_scratch_folder_that_is_gone_does_not_end_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sweeper, "CLEAR_EVERY_S", 0.0)
    scratch = GoneScratch(tmp_path / "gone")
    station = SimpleNamespace(settings=SimpleNamespace(worker=SimpleNamespace(sweep_s=0.01)), draining=threading.Event(),
                              scratch=scratch)
    thread = sweeper.start_sweeper(station)  # type: ignore[arg-type]  # all that it asks for
    for _ in range(3):
        assert scratch.looked.acquire(timeout=30)
    station.draining.set()
    thread.join(30)
    assert not thread.is_alive()
