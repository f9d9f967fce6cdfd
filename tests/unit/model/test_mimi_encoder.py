"""The codec's encoder gives the codes that transformers' Mimi gives, whatever padding follows a recording."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch
from transformers import MimiConfig, MimiModel

from tests.unit.model.conftest import TinyCheckpoint
from tests.unit.model.voice_like import voice_like
from worker.model.checkpoint import Checkpoint, open_checkpoint
from worker.model.config import SAMPLES_PER_FRAME
from worker.model.errors import CheckpointError
from worker.model.mimi_encoder import MimiEncoder
from worker.model.reference import count_reference_frames
from worker.model.weights import TensorFile

CPU = torch.device("cpu")
N_CODES = 16


@pytest.fixture(scope="module")
def checkpoint(tiny_checkpoint: TinyCheckpoint) -> Checkpoint:
    return open_checkpoint(tiny_checkpoint("base"))


@pytest.fixture(scope="module")
def ours(checkpoint: Checkpoint) -> MimiEncoder:
    return MimiEncoder(checkpoint.config.codec.encoder, checkpoint.codec(CPU, torch.float32), n_codes=N_CODES)


def original(config: dict[str, object]) -> MimiModel:
    """qwen-tts's codes come from transformers 4.57.3, whose Mimi looks back over the whole recording; later ones keep to
    sliding_window, unless it is as long."""
    mimi: MimiModel = MimiModel(MimiConfig.from_dict({**config, "sliding_window": 8000, "upsample_groups": 1})).train(False)
    return mimi


@pytest.fixture(scope="module")
def theirs(checkpoint: Checkpoint) -> MimiModel:
    mimi, weights = original(checkpoint.config.codec.encoder), checkpoint.codec(CPU, torch.float32)
    encodes = ("encoder.", "encoder_transformer.", "downsample.", "quantizer.")
    mimi.load_state_dict({name: weights.take(f"encoder.{name}", torch.float32) for name in mimi.state_dict()
                          if name.startswith(encodes) and not name.endswith(".initialized")}, strict=False)
    return mimi


def original_codes(mimi: Any, pcm: torch.Tensor, n_codes: int) -> torch.Tensor:
    """[n_frames, n_codes]"""
    codes: torch.Tensor = mimi.encode(pcm[None, None], num_quantizers=n_codes).audio_codes[0].T
    return codes


def padded(pcm: torch.Tensor, n_frames: int, padding: float) -> torch.Tensor:
    """[n_frames * 1920]"""
    sound = torch.full((n_frames * SAMPLES_PER_FRAME,), padding)
    sound[:len(pcm)] = pcm
    return sound


@pytest.mark.parametrize("n_samples", [
    24_000, 24_001, 38_399, 38_400, 38_401, 40_320, 40_321, 60_123,
    12 * 24_000 + 77,       # the sliding window of later transformers begins to matter after 10 s
])
@torch.inference_mode()
def test_a_recording_has_the_codes_of_the_original_whatever_follows_it(
        ours: MimiEncoder, theirs: MimiModel, n_samples: int) -> None:
    pcm, n_frames = torch.from_numpy(voice_like(13)[:n_samples]), count_reference_frames(n_samples)
    expected = original_codes(theirs, pcm, N_CODES)
    assert len(np.unique(expected)) > 50, "it hears a sound that changes"
    for n_padded, padding in ((n_frames, 0.0), (n_frames, 0.3), (n_frames + 1, -0.2), (n_frames + 25, 0.3)):
        codes = ours.codes(padded(pcm, n_padded, padding), torch.tensor(n_samples))
        assert codes.shape == (n_padded, N_CODES)
        assert torch.equal(codes[:n_frames], expected)


def test_several_residual_blocks_shared_heads_and_other_ratios_are_those_of_the_original(checkpoint: Checkpoint) -> None:
    config = {**checkpoint.config.codec.encoder, "num_residual_layers": 2, "num_key_value_heads": 2, "dilation_growth_rate": 3,
              "upsampling_ratios": [4, 6, 40], "rope_theta": 500.0, "norm_eps": 1e-3}
    torch.manual_seed(1)
    mimi = original(config)
    with torch.no_grad():
        for name, tensor in mimi.state_dict().items():
            if name.endswith("embed_sum"):
                tensor.normal_()
    tensors = {f"encoder.{name}": tensor for name, tensor in mimi.state_dict().items()}
    encoder = MimiEncoder(config, HeldTensors(tensors), n_codes=4)
    pcm = torch.from_numpy(voice_like(2)[:38_401])
    with torch.inference_mode():
        expected = original_codes(mimi, pcm, 4)
        codes = encoder.codes(padded(pcm, 25, 0.1), torch.tensor(len(pcm)))
    assert len(np.unique(expected)) > 20
    assert torch.equal(codes[:21], expected)


class HeldTensors(TensorFile):
    """Weights that lie in no file."""

    def __init__(self, tensors: dict[str, torch.Tensor]) -> None:
        object.__setattr__(self, "tensors", tensors)
        object.__setattr__(self, "device", CPU)

    def take(self, name: str, dtype: torch.dtype | None = None) -> torch.Tensor:
        tensor: torch.Tensor = self.tensors[name]  # type: ignore[attr-defined]
        return tensor


def test_a_missing_tensor_is_named(checkpoint: Checkpoint) -> None:
    whole = checkpoint.codec(CPU, torch.float32)
    name = "encoder.downsample.conv.weight"
    cut = replace(whole, stored={other: tensor for other, tensor in whole.stored.items() if other != name})
    with pytest.raises(CheckpointError, match=name):
        MimiEncoder(checkpoint.config.codec.encoder, cut, n_codes=N_CODES)
