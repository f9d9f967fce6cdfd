"""Voices to clone, as a worker's threads ask for them: many at once, most for the same."""

import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

import numpy as np
import pytest

from speechmill.blobs.folder import FolderBlobs
from speechmill.blobs.seam import recording_key, reference_key
from speechmill.catalogue import ModelInfo, VoiceInfo
from speechmill.errors import BadReference
from speechmill.request import ReferenceSpec
from tests.unit.audio.test_reference_audio import tone, wav
from worker.encodings import Encodable, encoding_bytes
from worker.model.reference import PreparedReference
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
            assert self.gate.wait(60)
        with super().open(key, offset, length) as stream:
            yield stream


@pytest.fixture
def blobs(tmp_path: Path) -> GatedBlobs:
    return GatedBlobs(tmp_path)


def keep(blobs: GatedBlobs, name: str, audio: bytes) -> ReferenceSpec:
    blobs.put(reference_key("tenant", name), audio, "audio/wav")
    return ReferenceSpec(sha256=name, text="One.")


def n_waiting(references: References) -> int:
    """Threads that wait for what another one reads."""
    recordings = references._decoded.values()
    return max((len(future._condition._waiters) for future in recordings), default=0)  # type: ignore[attr-defined]


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
            assert len(threads.submit(references.get, "tenant", quick).result(60).pcm) == 48_000
        finally:
            blobs.gate.set()
        assert len(waiting.result(60).pcm) == 24_000


def test_what_is_no_sound_is_refused_to_all_who_wait_for_it_and_looked_at_once(blobs: GatedBlobs) -> None:
    spec, references = keep(blobs, "a" * 64, b"no sound"), References(blobs)
    blobs.gated = reference_key("tenant", spec.sha256)
    with ThreadPoolExecutor(4) as threads:
        waiting = [threads.submit(references.get, "tenant", spec) for _ in range(4)]
        deadline = time.monotonic() + 60
        while n_waiting(references) < 3 and time.monotonic() < deadline:
            time.sleep(0.005)
        blobs.gate.set()
        assert all(isinstance(future.exception(60), BadReference) for future in waiting)
    assert blobs.n_read == 1
    keep(blobs, "a" * 64, wav(tone(1.0)))
    assert len(references.get("tenant", spec).pcm) == 24_000


# --- of voices that are kept

MODEL = ModelInfo(id="base", voices=(VoiceInfo(id="clone", name="Clone"),), default_voice="clone", languages=("en",),
                  revision="7")
ENCODED = PreparedReference(np.ones(8, np.float32), np.zeros((13, 16), np.int32), "5ec")


def keep_voice(blobs: GatedBlobs, text: str = "One.") -> ReferenceSpec:
    spec = ReferenceSpec(sha256="a" * 64, text=text, voice_id="voice_1")
    blobs.put(recording_key("tenant", spec.voice_id, spec.sha256), wav(tone(1.0)), "audio/wav")
    return spec


def test_what_one_worker_encoded_a_kept_voice_to_the_next_takes_and_reads_no_recording(blobs: GatedBlobs) -> None:
    spec = keep_voice(blobs)
    first = References(blobs).get("tenant", spec, MODEL)
    assert (len(first.pcm), first.is_kept, first.prepared) == (24_000, True, None)
    References(blobs).keep("tenant", spec, MODEL, ENCODED)
    blobs.delete(recording_key("tenant", spec.voice_id, spec.sha256))
    found = References(blobs).get("tenant", spec, MODEL)
    assert (len(found.pcm), found.text, found.n_frames) == (0, "One.", 13)
    assert found.prepared
    assert np.array_equal(found.prepared.speaker, ENCODED.speaker)


@pytest.mark.parametrize("other", [
    (MODEL.model_copy(update={"revision": "8"}), "One."), (MODEL.model_copy(update={"id": "large"}), "One."),
    (MODEL, "")],
    ids=["another revision", "another model", "without what it says"])
def test_an_encoding_is_for_its_model_and_revision_alone(blobs: GatedBlobs, other: tuple[ModelInfo, str]) -> None:
    References(blobs).keep("tenant", keep_voice(blobs), MODEL, ENCODED)
    model, text = other
    assert References(blobs).get("tenant", keep_voice(blobs, text), model).prepared is None


def test_an_encoding_that_is_damaged_is_made_again(blobs: GatedBlobs) -> None:
    spec = keep_voice(blobs)
    key = Encodable("tenant", spec, MODEL).key
    for damaged in (b"", b"PK\x03\x04 no more", encoding_bytes(ENCODED)[:-30]):
        blobs.put(key, damaged, "application/octet-stream")
        assert References(blobs).get("tenant", spec, MODEL).is_kept


def test_a_voice_that_takes_no_encodings_gets_the_sound(blobs: GatedBlobs) -> None:
    spec = keep_voice(blobs)
    References(blobs).keep("tenant", spec, MODEL, ENCODED)
    assert len(References(blobs).get("tenant", spec).pcm) == 24_000


def test_a_recording_that_was_deleted_is_said_to_be(blobs: GatedBlobs) -> None:
    spec = ReferenceSpec(sha256="b" * 64, voice_id="voice_1")
    with pytest.raises(BadReference, match="was deleted"):
        References(blobs).get("tenant", spec, MODEL)
