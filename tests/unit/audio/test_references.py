"""Voices to clone, as a worker's threads ask for them: many at once, most for the same."""

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

import pytest

from speechmill.blobs.folder import FolderBlobs
from speechmill.blobs.seam import reference_key
from speechmill.errors import BadReference
from speechmill.request import ReferenceSpec
from tests.unit.audio.test_reference_audio import tone, wav
from worker.references import References


class GatedBlobs(FolderBlobs):
    """Counts what is read; what is named in `gated` waits for `gate`."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder, "secret")
        self.n_read = 0
        self.gated = ""
        self.gate = threading.Event()

    @contextmanager
    def open(self, key: str, offset: int = 0, length: int | None = None) -> Iterator[BinaryIO]:
        self.n_read += 1
        if key == self.gated:
            assert self.gate.wait(10)
        with super().open(key, offset, length) as stream:
            yield stream


@pytest.fixture
def blobs(tmp_path: Path) -> GatedBlobs:
    return GatedBlobs(tmp_path)


def keep(blobs: GatedBlobs, name: str, audio: bytes) -> ReferenceSpec:
    blobs.put(reference_key("tenant", name), audio, "audio/wav")
    return ReferenceSpec(sha256=name, text="One.")


def test_a_recording_is_read_once_for_all_who_ask_for_it(blobs: GatedBlobs) -> None:
    spec, references = keep(blobs, "a" * 64, wav(tone(1.0))), References(blobs)
    with ThreadPoolExecutor(8) as threads:
        got = list(threads.map(lambda _: references.get("tenant", spec), range(8)))
    assert {len(reference.pcm) for reference in got} == {24_000}
    assert got[0].text == "One."
    assert blobs.n_read == 1


def test_a_recording_that_is_slow_to_come_holds_up_no_other(blobs: GatedBlobs) -> None:
    slow, quick = keep(blobs, "a" * 64, wav(tone(1.0))), keep(blobs, "b" * 64, wav(tone(2.0)))
    references = References(blobs)
    blobs.gated = reference_key("tenant", slow.sha256)
    with ThreadPoolExecutor(2) as threads:
        waiting = threads.submit(references.get, "tenant", slow)
        try:
            assert len(threads.submit(references.get, "tenant", quick).result(5).pcm) == 48_000
        finally:
            blobs.gate.set()
        assert len(waiting.result(10).pcm) == 24_000


def test_what_is_no_sound_is_refused_to_all_who_wait_for_it_and_looked_at_once(blobs: GatedBlobs) -> None:
    spec, references = keep(blobs, "a" * 64, b"no sound"), References(blobs)
    blobs.gated = reference_key("tenant", spec.sha256)
    with ThreadPoolExecutor(4) as threads:
        waiting = [threads.submit(references.get, "tenant", spec) for _ in range(4)]
        while sum(future.running() for future in waiting) < 4:
            pass
        threading.Timer(0.2, blobs.gate.set).start()
        assert all(isinstance(future.exception(10), BadReference) for future in waiting)
    assert blobs.n_read == 1
    keep(blobs, "a" * 64, wav(tone(1.0)))
    assert len(references.get("tenant", spec).pcm) == 24_000
