"""Recordings become speaker embeddings and codes, each once."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from tests.unit.model.conftest import TinyCheckpoint
from tests.unit.model.voice_like import voice_like
from worker.model.checkpoint import Checkpoint, open_checkpoint
from worker.model.config import CodecConfig
from worker.model.errors import BadUtterance, CheckpointError, TooLittleMemory
from worker.model.reference import count_reference_frames
from worker.model.reference_codes import CodecEncoder
from worker.model.reference_encoder import ReferenceEncoder
from worker.model.weights import TensorFile

CPU = torch.device("cpu")


def encoder(checkpoint: Checkpoint, max_kept: int = 8) -> ReferenceEncoder:
    main, codec = checkpoint.main(CPU, torch.bfloat16), checkpoint.codec(CPU, torch.bfloat16)
    return ReferenceEncoder(checkpoint.config, main, codec, CPU, max_kept=max_kept)


@pytest.fixture(scope="module")
def checkpoint(tiny_checkpoint: TinyCheckpoint) -> Checkpoint:
    return open_checkpoint(tiny_checkpoint("base"))


@pytest.mark.parametrize("n_samples", [24_000, 24_001, 38_399, 38_400, 38_401])
def test_a_recording_has_a_row_of_codes_for_every_frame_begun(checkpoint: Checkpoint, n_samples: int) -> None:
    prepared = encoder(checkpoint).prepare(voice_like(2)[:n_samples], with_codes=True)
    assert prepared.codes is not None
    assert prepared.codes.shape == (count_reference_frames(n_samples), 16)
    assert prepared.codes.dtype == np.int32
    assert prepared.codes.min() >= 0
    assert prepared.codes.max() < 2048
    assert len(np.unique(prepared.codes)) > 50, "it hears a sound that changes"
    assert prepared.speaker.shape == (64,)
    assert prepared.speaker.dtype == np.float32


def test_a_recording_is_encoded_once(checkpoint: Checkpoint) -> None:
    references = encoder(checkpoint)
    first = references.prepare(voice_like(1), with_codes=True)
    assert references.prepare(voice_like(1), with_codes=True) is first
    assert references.prepare(voice_like(1), with_codes=False) is first
    assert references.n_encoded == 1
    assert references.prepare(voice_like(1, fundamental_hz=200), with_codes=True) is not first
    assert references.n_encoded == 2


def test_codes_are_added_when_they_are_first_asked_for(checkpoint: Checkpoint) -> None:
    references = encoder(checkpoint)
    x_vector = references.prepare(voice_like(1), with_codes=False)
    icl = references.prepare(voice_like(1), with_codes=True)
    assert x_vector.codes is None
    assert icl.codes is not None
    assert icl.speaker is x_vector.speaker
    assert references.n_encoded == 2


def test_the_longest_unused_recording_is_forgotten(checkpoint: Checkpoint) -> None:
    references = encoder(checkpoint, max_kept=2)
    voices = [voice_like(1, fundamental_hz=hz) for hz in (100, 150, 200)]
    for place in (0, 1, 0, 2):      # 1 is the one that was not used again
        references.prepare(voices[place], with_codes=False)
    assert references.n_encoded == 3
    references.prepare(voices[0], with_codes=False)
    assert references.n_encoded == 3
    references.prepare(voices[1], with_codes=False)
    assert references.n_encoded == 4


def test_silence_is_refused_before_it_is_encoded(checkpoint: Checkpoint) -> None:
    references = encoder(checkpoint)
    with pytest.raises(BadUtterance, match="silent"):
        references.prepare(np.zeros(48_000, np.float32), with_codes=True)
    assert references.n_encoded == 0


def test_a_read_only_recording_is_taken(checkpoint: Checkpoint) -> None:
    pcm = voice_like(1)
    pcm.setflags(write=False)
    assert encoder(checkpoint).prepare(pcm, with_codes=False).speaker.any()


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
        patched.setattr(CodecEncoder, "encode", no_memory)
        with pytest.raises(TooLittleMemory, match="fewer or shorter slots"):
            references.prepare(voice_like(1), with_codes=True)
    assert references.prepare(voice_like(1), with_codes=True).codes is not None


def test_torchs_own_precision_is_left_as_it_was(checkpoint: Checkpoint) -> None:
    before = torch.backends.cuda.matmul.fp32_precision
    torch.backends.cuda.matmul.fp32_precision = "tf32"
    try:
        encoder(checkpoint).prepare(voice_like(1), with_codes=True)
        assert torch.backends.cuda.matmul.fp32_precision == "tf32"
    finally:
        torch.backends.cuda.matmul.fp32_precision = before


def test_codes_of_a_long_recording_depend_on_all_that_was_before(checkpoint: Checkpoint) -> None:
    """The sliding window of later transformers would begin to matter after 10 s."""
    codec, sound = checkpoint.codec(CPU, torch.float32), torch.from_numpy(voice_like(12))
    windows = [{**checkpoint.config.codec.encoder, "sliding_window": window} for window in (250, 8000)]
    narrow, wide = (CodecEncoder(_with_encoder(checkpoint, window), codec, CPU).encode(sound) for window in windows)
    assert torch.equal(narrow, wide)


def _with_encoder(checkpoint: Checkpoint, encoder_config: dict[str, object]) -> CodecConfig:
    return replace(checkpoint.config.codec, encoder=encoder_config)


def test_a_checkpoint_that_is_not_base_has_no_encoder(tiny_checkpoint: TinyCheckpoint) -> None:
    with pytest.raises(CheckpointError, match="a Base checkpoint clones voices"):
        encoder(open_checkpoint(tiny_checkpoint("custom_voice")))


def test_a_missing_tensor_is_named(checkpoint: Checkpoint) -> None:
    whole = checkpoint.main(CPU, torch.float32)
    stored = {name: tensor for name, tensor in whole.stored.items() if name != "speaker_encoder.fc.weight"}
    main = TensorFile(whole.folder, stored, CPU, torch.float32)
    with pytest.raises(CheckpointError, match=r"speaker_encoder\.fc\.weight"):
        ReferenceEncoder(checkpoint.config, main, checkpoint.codec(CPU, torch.float32), CPU)


@pytest.mark.parametrize(("field", "value"), [
    ("hidden_size", 64),
    ("hidden_size", 48),          # no multiple of its groups
    ("hidden_act", "nope"),       # a KeyError of transformers
])
def test_an_encoder_of_other_sizes_is_refused(checkpoint: Checkpoint, field: str, value: object) -> None:
    other = _with_encoder(checkpoint, {**checkpoint.config.codec.encoder, field: value})
    with pytest.raises(CheckpointError, match="does not fit its encoder_config"):
        CodecEncoder(other, checkpoint.codec(CPU, torch.float32), CPU)
