"""Recordings become speaker embeddings and codes, each once."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from tests.unit.model.voice_like import voice_like
from worker.engine.torch_references import TorchReferences
from worker.model.checkpoint import Checkpoint, open_checkpoint
from worker.model.errors import CheckpointError, TooLittleMemory
from worker.model.mimi_encoder import MimiEncoder
from worker.model.random_checkpoint import write_random_checkpoint
from worker.model.reference import Pcm, PreparedReference, count_reference_frames, fingerprint
from worker.model.weights import TensorFile

CPU = torch.device("cpu")


def encoder(checkpoint: Checkpoint, max_kept: int = 8) -> TorchReferences:
    main, codec = checkpoint.main(CPU, torch.bfloat16), checkpoint.codec(CPU, torch.bfloat16)
    return TorchReferences(checkpoint.config, main, codec, CPU, max_kept=max_kept)


def prepared(references: TorchReferences, pcm: Pcm, *, with_codes: bool) -> PreparedReference:
    launched = references.launch(pcm, fingerprint(pcm), with_codes=with_codes)
    reference = launched.wait()
    assert launched.ready()
    assert reference.sha256 == fingerprint(pcm)
    return reference


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Checkpoint:
    folder = tmp_path_factory.mktemp("tiny-base")
    write_random_checkpoint(folder, size="tiny", kind="base")
    return open_checkpoint(folder)


@pytest.mark.parametrize("n_samples", [24_000, 24_001, 38_399, 38_400, 38_401])
def test_a_recording_has_a_row_of_codes_for_every_frame_begun(checkpoint: Checkpoint, n_samples: int) -> None:
    reference = prepared(encoder(checkpoint), voice_like(2)[:n_samples], with_codes=True)
    assert reference.codes is not None
    assert reference.codes.shape == (count_reference_frames(n_samples), 16)
    assert reference.codes.dtype == np.int32
    assert reference.codes.min() >= 0
    assert reference.codes.max() < 2048
    assert len(np.unique(reference.codes)) > 50, "it hears a sound that changes"
    assert reference.speaker.shape == (64,)
    assert reference.speaker.dtype == np.float32


def test_a_recording_is_encoded_once(checkpoint: Checkpoint) -> None:
    references = encoder(checkpoint)
    first = prepared(references, voice_like(1), with_codes=True)
    assert prepared(references, voice_like(1), with_codes=True) is first
    assert prepared(references, voice_like(1), with_codes=False) is first
    assert references.n_encoded == 1
    assert prepared(references, voice_like(1, fundamental_hz=200), with_codes=True) is not first
    assert references.n_encoded == 2


def test_codes_are_added_when_they_are_first_asked_for(checkpoint: Checkpoint) -> None:
    references = encoder(checkpoint)
    x_vector = prepared(references, voice_like(1), with_codes=False)
    icl = prepared(references, voice_like(1), with_codes=True)
    assert x_vector.codes is None
    assert icl.codes is not None
    assert np.array_equal(icl.speaker, x_vector.speaker)
    assert prepared(references, voice_like(1), with_codes=False) is icl
    assert references.n_encoded == 2


def test_the_longest_unused_recording_is_forgotten(checkpoint: Checkpoint) -> None:
    references = encoder(checkpoint, max_kept=2)
    voices = [voice_like(1, fundamental_hz=hz) for hz in (100, 150, 200)]
    for place in (0, 1, 0, 2):      # 1 is the one that was not used again
        prepared(references, voices[place], with_codes=False)
    assert references.n_encoded == 3
    prepared(references, voices[0], with_codes=False)
    assert references.n_encoded == 3
    prepared(references, voices[1], with_codes=False)
    assert references.n_encoded == 4


def test_what_was_encoded_before_is_not_heard(checkpoint: Checkpoint) -> None:
    """Each recording is written over the one before, which may have been longer."""
    alone = prepared(encoder(checkpoint), voice_like(1.01), with_codes=True)
    references = encoder(checkpoint)
    prepared(references, voice_like(7, fundamental_hz=300), with_codes=True)
    after = prepared(references, voice_like(1.01), with_codes=True)
    assert np.array_equal(after.speaker, alone.speaker)
    assert alone.codes is not None
    assert after.codes is not None
    assert np.array_equal(after.codes, alone.codes)


def test_results_stay_when_the_next_recording_is_encoded(checkpoint: Checkpoint) -> None:
    references = encoder(checkpoint)
    launched = [references.launch(pcm, fingerprint(pcm), with_codes=True) for pcm in (voice_like(1), voice_like(2, 300))]
    first, second = (one.wait() for one in launched)
    again = prepared(encoder(checkpoint), voice_like(1), with_codes=True)
    assert np.array_equal(first.speaker, again.speaker)
    assert not np.array_equal(first.speaker, second.speaker)


def test_a_read_only_recording_is_taken(checkpoint: Checkpoint) -> None:
    pcm = voice_like(1)
    pcm.setflags(write=False)
    assert prepared(encoder(checkpoint), pcm, with_codes=False).speaker.any()


def test_warming_up_encodes_the_longest_recording_and_keeps_nothing(checkpoint: Checkpoint) -> None:
    references = encoder(checkpoint)
    references.warm_up()
    assert references.n_encoded == 0


def test_no_memory_to_encode_with_is_said_of_that_recording_alone(
        checkpoint: Checkpoint, monkeypatch: pytest.MonkeyPatch) -> None:
    def no_memory(*_: object) -> torch.Tensor:
        raise torch.OutOfMemoryError("CUDA out of memory.")

    references = encoder(checkpoint)
    with monkeypatch.context() as patched:
        patched.setattr(MimiEncoder, "codes", no_memory)
        with pytest.raises(TooLittleMemory, match="fewer or shorter slots"):
            prepared(references, voice_like(1), with_codes=True)
    assert prepared(references, voice_like(1), with_codes=True).codes is not None


def test_torchs_own_precision_is_left_as_it_was(checkpoint: Checkpoint) -> None:
    before = torch.backends.cuda.matmul.fp32_precision
    torch.backends.cuda.matmul.fp32_precision = "tf32"
    try:
        prepared(encoder(checkpoint), voice_like(1), with_codes=True)
        assert torch.backends.cuda.matmul.fp32_precision == "tf32"
    finally:
        torch.backends.cuda.matmul.fp32_precision = before


def test_a_checkpoint_that_is_not_base_has_no_encoder(checkpoint: Checkpoint) -> None:
    other = replace(checkpoint, config=replace(checkpoint.config, kind="custom_voice", speaker_encoder=None))
    with pytest.raises(CheckpointError, match="a Base checkpoint clones voices"):
        encoder(other)


def test_a_missing_tensor_is_named(checkpoint: Checkpoint) -> None:
    whole = checkpoint.main(CPU, torch.float32)
    stored = {name: tensor for name, tensor in whole.stored.items() if name != "speaker_encoder.fc.weight"}
    main = TensorFile(whole.folder, stored, CPU, torch.float32)
    with pytest.raises(CheckpointError, match=r"speaker_encoder\.fc\.weight"):
        TorchReferences(checkpoint.config, main, checkpoint.codec(CPU, torch.float32), CPU)
