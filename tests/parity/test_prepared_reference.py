"""A voice that comes as it was encoded before speaks as it does from its recording, sample for sample."""

import io
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from tests.parity.ours import Ours, reference_of, speak_of
from tests.parity.test_parity_engine import Listening, engine_of
from tests.parity.utterances import UTTERANCES, Utterance
from worker.encodings import encoding_bytes, read_encoding
from worker.engine.engine import Engine
from worker.engine.speaker import Reference
from worker.model.errors import BadUtterance
from worker.model.reference import PreparedReference

Opened = Callable[[str], Ours]
CLONES = tuple(utterance for utterance in UTTERANCES if utterance.checkpoint == "base")
NO_SOUND = np.zeros(0, np.float32)


@pytest.mark.parametrize("utterance", CLONES, ids=lambda utterance: utterance.name)
def test_what_an_engine_encoded_a_recording_to_gives_the_same_samples_in_another(ours: Opened, utterance: Utterance) -> None:
    assert utterance.reference
    recording = reference_of(utterance.reference)

    first = Listening()
    spoken = spoken_by(engine_of(ours("base"), first), first, utterance, replace(recording, is_kept=True))
    stored = encoding_bytes(first.encoded_references[1])

    second = Listening()
    again = spoken_by(engine_of(ours("base"), second), second, utterance,
                      Reference(NO_SOUND, recording.text, prepared=read_encoding(stored)))

    assert np.array_equal(spoken, again)
    assert second.encoded_references == {}


def test_only_what_is_kept_is_handed_back(ours: Opened) -> None:
    listening = Listening()
    utterance = CLONES[0]
    assert utterance.reference
    spoken_by(engine_of(ours("base"), listening), listening, utterance, reference_of(utterance.reference))
    assert listening.encoded_references == {}


@pytest.mark.parametrize("spoil", [
    lambda prepared: replace(prepared, speaker=prepared.speaker[:-1]),
    lambda prepared: replace(prepared, speaker=np.full_like(prepared.speaker, np.nan)),
    lambda prepared: replace(prepared, codes=prepared.codes + 2**20),
    lambda prepared: replace(prepared, codes=-prepared.codes - 1),
    lambda prepared: replace(prepared, codes=prepared.codes[:, :8]),
    lambda prepared: replace(prepared, codes=None),
], ids=["another width", "no numbers", "codes beyond the tables", "codes before them", "too few codes", "no codes"])
def test_what_another_checkpoint_encoded_is_refused_before_it_is_looked_up_in_tables(
        ours: Opened, spoil: Callable[[PreparedReference], PreparedReference]) -> None:
    continued = next(utterance for utterance in CLONES if utterance.reference and utterance.reference.text)
    assert continued.reference
    prepared = ours("base").prepare(continued.reference, with_codes=True)
    speak = replace(speak_of(continued, 1), reference=Reference(NO_SOUND, continued.reference.text, prepared=spoil(prepared)))
    with pytest.raises(BadUtterance, match="another checkpoint") as refusal:
        engine_of(ours("base"), Listening()).submit(speak)
    assert refusal.value.param == "reference"


@pytest.mark.parametrize("codes", [np.arange(32, dtype=np.int32).reshape(2, 16), None], ids=["with codes", "without"])
def test_an_encoding_is_stored_to_the_last_bit(codes: np.ndarray | None) -> None:
    prepared = PreparedReference(np.array([0.1, -1e-30, 3e38], np.float32), codes, "5ec")
    read = read_encoding(encoding_bytes(prepared))
    assert read.speaker.tobytes() == prepared.speaker.tobytes()
    assert read.sha256 == "5ec"
    if codes is None:
        assert read.codes is None
    else:
        assert read.codes is not None
        assert np.array_equal(read.codes, codes)


def test_an_encoding_holds_no_objects() -> None:
    file = io.BytesIO()
    np.savez(file, speaker=np.array([object()], dtype=object), sha256=np.array(""))
    with pytest.raises(ValueError, match="allow_pickle"):
        read_encoding(file.getvalue())


def spoken_by(engine: Engine, listening: Listening, utterance: Utterance, reference: Reference) -> np.ndarray:
    """[n_samples]"""
    engine.submit(replace(speak_of(utterance, 1), reference=reference))
    assert any(not engine.step() for _ in range(500)), "the engine does not come to rest"
    return np.concatenate(listening.pieces[1])
