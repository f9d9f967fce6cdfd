"""Recordings become speaker embeddings and codes, each once."""

from dataclasses import replace
from typing import cast

import numpy as np
import pytest
import torch

from tests.unit.model.voice_like import voice_like
from worker.engine.torch_references import STEP_FRAMES, LaunchedReference, TorchReferences, _Result
from worker.engine.torch_setup import FFT_PLANS_KEPT
from worker.model.checkpoint import Checkpoint, open_checkpoint
from worker.model.errors import CheckpointError, TooLittleMemory
from worker.model.mimi_encoder import MimiEncoder
from worker.model.random_checkpoint import write_random_checkpoint
from worker.model.reference import MOST_REFERENCE_FRAMES, Pcm, PreparedReference, count_reference_frames, fingerprint
from worker.model.weights import TensorFile

CPU = torch.device("cpu")


def encoder(checkpoint: Checkpoint, max_kept: int = 8, step_frames: int = 0) -> TorchReferences:
    main, codec = checkpoint.main(CPU, torch.bfloat16), checkpoint.codec(CPU, torch.bfloat16)
    return TorchReferences(checkpoint.config, main, codec, CPU, max_kept=max_kept, step_frames=step_frames)


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


@pytest.mark.parametrize("step_frames", [1, STEP_FRAMES])
def test_neither_padding_nor_what_was_encoded_before_is_heard(checkpoint: Checkpoint, step_frames: int) -> None:
    """Each recording is written over the one before, which may have been longer."""
    references = encoder(checkpoint, step_frames=step_frames)
    for seconds in (7, 1.01, 3.99, 4, 2.04, 30, 1):
        pcm = voice_like(seconds, fundamental_hz=100 + 10 * seconds)
        alone, among = (prepared(one, pcm, with_codes=True) for one in (encoder(checkpoint), references))
        np.testing.assert_allclose(among.speaker, alone.speaker, rtol=1e-4, atol=1e-6)
        assert alone.codes is not None
        assert among.codes is not None
        assert np.array_equal(among.codes, alone.codes)


def test_results_stay_when_the_next_recording_is_encoded(checkpoint: Checkpoint) -> None:
    references = encoder(checkpoint)
    launched = [references.launch(pcm, fingerprint(pcm), with_codes=True) for pcm in (voice_like(1), voice_like(2, 300))]
    first, second = (one.wait() for one in launched)
    again = prepared(encoder(checkpoint), voice_like(1), with_codes=True)
    assert np.array_equal(first.speaker, again.speaker)
    assert not np.array_equal(first.speaker, second.speaker)
    assert first.codes is not None
    assert again.codes is not None
    assert np.array_equal(first.codes, again.codes)


class Copying:
    """An event of a device that is still at it."""

    def __init__(self) -> None:
        self.done = False

    def query(self) -> bool:
        return self.done

    def synchronize(self) -> None:
        self.done = True


@pytest.mark.parametrize("late", ["speaker", "codes"])
def test_a_recording_is_ready_once_both_of_its_results_are_on_the_host(late: str) -> None:
    copying, pinned = Copying(), torch.zeros(3)
    there, coming = _Result(torch.zeros(3), None), _Result(pinned, cast(torch.Event, copying))
    launched = LaunchedReference("5ec", *((coming, there) if late == "speaker" else (there, coming)))
    assert not launched.ready()
    reference = launched.wait()
    assert copying.done
    assert launched.ready()
    pinned.fill_(1.0)
    assert reference.codes is not None
    kept = reference.speaker if late == "speaker" else reference.codes
    assert not kept.any(), "what is kept is no pinned memory"


def test_a_read_only_recording_is_taken(checkpoint: Checkpoint) -> None:
    pcm = voice_like(1)
    pcm.setflags(write=False)
    assert prepared(encoder(checkpoint), pcm, with_codes=False).speaker.any()


def test_warming_up_meets_every_length_the_longest_first_and_keeps_nothing(
        checkpoint: Checkpoint, monkeypatch: pytest.MonkeyPatch) -> None:
    met: list[tuple[int, int]] = []
    codes = MimiEncoder.codes

    def noted(self: MimiEncoder, sound: torch.Tensor, n_samples: torch.Tensor) -> torch.Tensor:
        met.append((len(sound), int(n_samples)))
        return codes(self, sound, n_samples)

    monkeypatch.setattr(MimiEncoder, "codes", noted)
    references = encoder(checkpoint, step_frames=75)
    references.warm_up()
    assert met == [(n * 1920, n * 1920) for n in (375, 300, 225, 150, 75)]
    prepared(references, voice_like(1), with_codes=True)
    assert met[-1] == (75 * 1920, 24_000)
    assert references.n_encoded == 1


def test_there_is_room_for_a_plan_of_every_length_that_has_graphs() -> None:
    assert MOST_REFERENCE_FRAMES % STEP_FRAMES == 0
    assert FFT_PLANS_KEPT >= MOST_REFERENCE_FRAMES // STEP_FRAMES


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


def test_recordings_are_encoded_in_exact_float32_and_torchs_own_precision_is_left_as_it_was(
        checkpoint: Checkpoint, monkeypatch: pytest.MonkeyPatch) -> None:
    matmul, conv, cudnn = torch.backends.cuda.matmul, torch.backends.cudnn.conv, torch.backends.cudnn  # type: ignore[attr-defined]
    met: list[tuple[str, str, bool]] = []
    codes = MimiEncoder.codes

    def noted(self: MimiEncoder, sound: torch.Tensor, n_samples: torch.Tensor) -> torch.Tensor:
        met.append((matmul.fp32_precision, conv.fp32_precision, cudnn.benchmark))
        return codes(self, sound, n_samples)

    monkeypatch.setattr(MimiEncoder, "codes", noted)
    before = matmul.fp32_precision, conv.fp32_precision, cudnn.benchmark
    try:
        matmul.fp32_precision, conv.fp32_precision, cudnn.benchmark = "tf32", "tf32", True
        prepared(encoder(checkpoint), voice_like(1), with_codes=True)
        assert met == [("ieee", "ieee", False)]
        assert (matmul.fp32_precision, conv.fp32_precision, cudnn.benchmark) == ("tf32", "tf32", True)
    finally:
        matmul.fp32_precision, conv.fp32_precision, cudnn.benchmark = before


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
