"""Recordings to references that a prompt can use, each encoded once."""

from collections import OrderedDict
from collections.abc import Iterator
from contextlib import contextmanager

import torch

from worker.model.config import SAMPLE_RATE_HZ, CheckpointConfig
from worker.model.errors import CheckpointError, TooLittleMemory
from worker.model.host_memory import give_back_holes
from worker.model.reference import MAX_REFERENCE_S, Pcm, PreparedReference, check_reference, fingerprint
from worker.model.reference_codes import CodecEncoder
from worker.model.speaker_encoder import SpeakerEncoder
from worker.model.weights import TensorFile

MAX_KEPT = 256
"""References kept, the last used ones: about 32 KB each."""


class ReferenceEncoder:
    """Speaker encoder and codec encoder of a Base checkpoint. One thread calls it.

    `n_encoded` counts recordings that were not kept already, or of which only the speaker was.
    """

    def __init__(self, config: CheckpointConfig, main: TensorFile, codec: TensorFile, device: torch.device, *,
                 max_kept: int = MAX_KEPT) -> None:
        """Weights of `device`, taken in float32 whatever their dtype. Raises CheckpointError where the checkpoint has no speaker
        encoder: only Base has."""
        if config.speaker_encoder is None:
            raise CheckpointError("this checkpoint has no speaker encoder; a Base checkpoint clones voices")
        self._speaker = SpeakerEncoder(config.speaker_encoder, main, device)
        self._codec = CodecEncoder(config.codec, codec, device)
        self._kept: OrderedDict[str, PreparedReference] = OrderedDict()
        self._max_kept = max_kept
        self._on_cpu = device.type == "cpu"
        self.n_encoded = 0

    def warm_up(self) -> None:
        """Encodes noise as long as a reference may be: its memory is taken now, or is missing now."""
        noise = 0.1 * torch.randn(round(MAX_REFERENCE_S * SAMPLE_RATE_HZ))  # [n_samples]
        with _exact_float32():
            self._speaker.embed(noise)
            self._codec.encode(noise)

    def prepare(self, pcm: Pcm, *, with_codes: bool) -> PreparedReference:
        """`with_codes` for icl; without, codes that are known already still come along. Raises BadUtterance as
        `check_reference` does, TooLittleMemory."""
        sha256 = fingerprint(pcm)
        kept = self._kept.get(sha256)
        if kept is None:
            check_reference(pcm)
        if kept is None or (with_codes and kept.codes is None):
            kept = self._kept[sha256] = self._encode(pcm, sha256, kept, with_codes)
            if self._on_cpu:
                give_back_holes()
        self._kept.move_to_end(sha256)
        if len(self._kept) > self._max_kept:
            self._kept.popitem(last=False)
        return kept

    def _encode(self, pcm: Pcm, sha256: str, kept: PreparedReference | None, with_codes: bool) -> PreparedReference:
        self.n_encoded += 1
        sound = torch.tensor(pcm)       # [n_samples]; a copy: what comes over a pipe may be read-only
        try:
            with _exact_float32():
                return PreparedReference(
                    speaker=self._speaker.embed(sound).cpu().numpy() if kept is None else kept.speaker,
                    codes=self._codec.encode(sound).cpu().numpy() if with_codes else None,
                    sha256=sha256,
                )
        except torch.OutOfMemoryError as error:  # of this utterance alone: those being spoken have their memory
            raise TooLittleMemory("there is no memory left to encode a reference; take fewer or shorter slots") from error


@contextmanager
def _exact_float32() -> Iterator[None]:
    """Codes are nearest neighbours, which TF32 would pick others of. And cuDNN must not try out its algorithms for every
    new length of a recording: that takes longer than the encoding."""
    matmul, conv, cudnn = torch.backends.cuda.matmul, torch.backends.cudnn.conv, torch.backends.cudnn  # type: ignore[attr-defined]
    before = matmul.fp32_precision, conv.fp32_precision, cudnn.benchmark
    matmul.fp32_precision, conv.fp32_precision, cudnn.benchmark = "ieee", "ieee", False
    try:
        yield
    finally:
        matmul.fp32_precision, conv.fp32_precision, cudnn.benchmark = before
