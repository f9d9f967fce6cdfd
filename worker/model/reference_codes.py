"""A recording's codes: the encoder half of the 12 Hz codec, which is transformers' Mimi (Défossez et al. 2024, arXiv:2410.00037)
with `encoder.*` of speech_tokenizer/model.safetensors. As `encode` of qwen-tts's Qwen3TTSTokenizerV2Model.

In float32, as those weights are published: codes are nearest neighbours, and rounding picks others.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import torch
from transformers import MimiConfig, MimiModel

from worker.model.config import CodecConfig
from worker.model.errors import CheckpointError
from worker.model.reference import count_reference_frames
from worker.model.weights import TensorFile


class CodecEncoder:
    """Sound in, codes out. One thread calls it."""

    def __init__(self, config: CodecConfig, weights: TensorFile, device: torch.device) -> None:
        """Raises CheckpointError where tensors are missing, or are not those of `config.encoder`."""
        self._n_codes, self._device = config.encoder_n_codes, device
        with _explained():
            mimi = MimiModel(_without_window(config.encoder)).train(False)
        # What only decodes has no weights in a checkpoint: the codec's decoder is another (worker/model/codec.py).
        mimi.upsample = mimi.decoder_transformer = mimi.decoder = None
        tensors = {name: weights.take(f"encoder.{name}", torch.float32) for name in mimi.state_dict()
                   if not name.endswith(".initialized")}    # a flag for training
        with _explained():
            mimi.load_state_dict(tensors, strict=False)
        self._mimi = mimi.to(device)

    @torch.inference_mode()
    def encode(self, pcm: torch.Tensor) -> torch.Tensor:
        """`pcm` [n_samples] float32, 24 kHz. Returns [n_frames, 16] int32; the last frame may be heard in part only."""
        sound = pcm.to(self._device)[None, None]                                            # [1, 1, n_samples]
        codes: torch.Tensor = self._mimi.encode(sound, num_quantizers=self._n_codes).audio_codes[0]    # [16, n_frames]
        return codes[:, :count_reference_frames(len(pcm))].T.to(torch.int32).contiguous()


@contextmanager
def _explained() -> Iterator[None]:
    """As CheckpointError, whatever transformers and torch raise at sizes that do not fit: it is of many types."""
    try:
        yield
    except Exception as error:
        raise CheckpointError(f"the codec's encoder does not fit its encoder_config: {error}") from error


def _without_window(encoder: Mapping[str, object]) -> MimiConfig:
    """qwen-tts's codes come from transformers 4.57.3, whose Mimi looks back over the whole recording; later ones keep to
    sliding_window (250 positions, 10 s), and give other codes to all that is longer."""
    mimi = MimiConfig.from_dict(dict(encoder))
    mimi.sliding_window = mimi.max_position_embeddings
    return mimi
