"""Recordings to references that a prompt can use, each encoded once: the References of worker/engine/prompter.py.

On a GPU beside the frames, on a stream of its own, through CUDA graphs. Launched kernel by kernel a recording of any length cost
the host 15 ms, and one of a length that cuDNN had no plans for 56 (H200); the device needs 3 to 9 for either.
"""

from collections import OrderedDict
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass, replace
from functools import cached_property

import torch
from torch import Tensor

from worker.engine.graphs import Graphs
from worker.model.config import SAMPLES_PER_FRAME, CheckpointConfig
from worker.model.errors import CheckpointError, TooLittleMemory
from worker.model.host_memory import give_back_holes
from worker.model.mimi_encoder import MimiEncoder
from worker.model.reference import MOST_REFERENCE_FRAMES, Pcm, PreparedReference, count_reference_frames
from worker.model.speaker_encoder import SpeakerEncoder
from worker.model.weights import TensorFile

MAX_KEPT = 256
"""References kept, the last used ones: about 32 KB each."""

STEP_FRAMES = 25
"""On a GPU recordings are padded to a multiple of so many frames, 2 s: 15 lengths have graphs."""


class _Result:
    """A tensor on its way to the host: `host`, pinned where the device is a GPU, is written once `copied` has happened (None:
    already)."""

    def __init__(self, host: Tensor, copied: torch.Event | None) -> None:
        self._host, self._copied = host, copied

    def ready(self) -> bool:
        return self._copied is None or self._copied.query()

    def wait(self) -> Tensor:
        if self._copied is not None:
            self._copied.synchronize()
            self._host = self._host.clone()     # pinned memory is scarce, and a reference is kept for long
            self._copied = None
        return self._host


@dataclass(frozen=True)
class LaunchedReference:
    """A recording that is being encoded. May be waited for any number of times."""

    sha256: str
    speaker: _Result            # [hidden] float32
    codes: _Result | None       # [n_frames, 16] int32

    def ready(self) -> bool:
        return self.speaker.ready() and (self.codes is None or self.codes.ready())

    def wait(self) -> PreparedReference:
        return self._prepared

    @cached_property
    def _prepared(self) -> PreparedReference:
        codes = None if self.codes is None else self.codes.wait().numpy()
        return PreparedReference(self.speaker.wait().numpy(), codes, self.sha256)


class TorchReferences:
    """Speaker encoder and codec encoder of a Base checkpoint. One thread calls it.

    `n_encoded` counts recordings that were not kept already, or of which only the speaker was. `notes` says what an operator
    should know; it is whole after `warm_up`.
    """

    def __init__(self, config: CheckpointConfig, main: TensorFile, codec: TensorFile, device: torch.device, *,
                 max_kept: int = MAX_KEPT, step_frames: int = 0, graphs: bool = False) -> None:
        """Weights of `device`, taken in float32 whatever their dtype. Recordings are padded to a multiple of `step_frames`;
        0 is the device's usual, which is none on a CPU. `graphs` encodes through CUDA graphs on a GPU. Raises CheckpointError
        where the checkpoint has no speaker encoder: only Base has."""
        if config.speaker_encoder is None:
            raise CheckpointError("this checkpoint has no speaker encoder; a Base checkpoint clones voices")
        self._speaker_encoder = SpeakerEncoder(config.speaker_encoder, main, device)
        self._codec_encoder = MimiEncoder(config.codec.encoder, codec, n_codes=config.codec.encoder_n_codes)
        self._kept: OrderedDict[str, LaunchedReference] = OrderedDict()
        self._max_kept = max_kept
        on_gpu = device.type == "cuda"
        self._stream = torch.cuda.Stream(device) if on_gpu else None  # type: ignore[no-untyped-call]
        self._wants_graphs = on_gpu and graphs
        self._step_frames = step_frames or (STEP_FRAMES if on_gpu else 1)
        # Graphs find here what they read, and leave here what they make.
        self._sound = torch.zeros(MOST_REFERENCE_FRAMES * SAMPLES_PER_FRAME, device=device)
        self._n_samples = torch.ones((), dtype=torch.int64, device=device)
        self._speaker = torch.empty(config.talker.hidden_size, device=device)
        self._codes = torch.empty(MOST_REFERENCE_FRAMES, config.codec.encoder_n_codes, dtype=torch.int32, device=device)
        pool = torch.cuda.graph_pool_handle() if self._wants_graphs else None
        self._speaker_graphs: Graphs[int] = Graphs(self._stream, pool, self._embed)    # by n_frames
        self._codec_graphs: Graphs[int] = Graphs(self._stream, pool, self._encode)
        self.n_encoded = 0
        self.notes: list[str] = []
        if on_gpu:
            torch.cuda.synchronize(device)  # the weights came on another stream

    def warm_up(self) -> None:
        """Noise of every length, the longest first: its memory is taken now, or is missing now, and the others find room in it.
        With graphs each is captured."""
        captured = []
        with self._on_stream(), _exact_float32():
            self._sound.normal_().mul_(0.1)
            for n_frames in range(MOST_REFERENCE_FRAMES, 0, -self._step_frames):
                self._n_samples.fill_(n_frames * SAMPLES_PER_FRAME)
                self._embed(n_frames)
                self._encode(n_frames)
                if self._wants_graphs:
                    captured.append(self._speaker_graphs.capture(n_frames) and self._codec_graphs.capture(n_frames))
        if not all(captured):
            self.notes.append("too little memory for some of the CUDA graphs that encode recordings")

    def launch(self, pcm: Pcm, sha256: str, *, with_codes: bool) -> LaunchedReference:
        """`pcm` has passed check_reference, and `sha256` is its fingerprint. `with_codes` for icl; without, codes that are known
        already still come along. Raises TooLittleMemory."""
        kept = self._kept.get(sha256)
        if kept is None or (with_codes and kept.codes is None):
            try:
                kept = self._launch(pcm, sha256, kept, with_codes=with_codes)
            except torch.OutOfMemoryError as error:  # of this utterance alone: those being spoken have their memory
                raise TooLittleMemory("there is no memory left to encode a reference; take fewer or shorter slots") from error
            self._kept[sha256] = kept
        self._kept.move_to_end(sha256)
        if len(self._kept) > self._max_kept:
            self._kept.popitem(last=False)
        return kept

    def _launch(self, pcm: Pcm, sha256: str, kept: LaunchedReference | None, *, with_codes: bool) -> LaunchedReference:
        self.n_encoded += 1
        n_frames = count_reference_frames(len(pcm))
        padded_frames = -(-n_frames // self._step_frames) * self._step_frames
        with self._on_stream(), _exact_float32():
            self._hear(pcm)
            if kept is None:
                self._speaker_graphs.run(padded_frames)
                kept = LaunchedReference(sha256, self._copied(self._speaker), None)
            if with_codes:
                self._codec_graphs.run(padded_frames)
                kept = replace(kept, codes=self._copied(self._codes[:n_frames]))
        if self._stream is None:
            give_back_holes()
        return kept

    def _hear(self, pcm: Pcm) -> None:
        sound = torch.tensor(pcm)   # a copy: what comes over a pipe may be read-only
        if self._stream is not None:
            sound = sound.pin_memory()
        self._sound[:len(sound)].copy_(sound, non_blocking=True)
        self._n_samples.fill_(len(sound))

    @torch.inference_mode()
    def _embed(self, n_frames: int) -> None:
        self._speaker.copy_(self._speaker_encoder.embed(self._heard(n_frames), self._n_samples))

    @torch.inference_mode()
    def _encode(self, n_frames: int) -> None:
        self._codes[:n_frames].copy_(self._codec_encoder.codes(self._heard(n_frames), self._n_samples))

    def _heard(self, n_frames: int) -> Tensor:
        return self._sound[:n_frames * SAMPLES_PER_FRAME]

    def _copied(self, result: Tensor) -> _Result:
        """Of memory that the next recording writes to."""
        if self._stream is None:
            return _Result(result.clone(), None)
        host = torch.empty(result.shape, dtype=result.dtype, pin_memory=True)
        host.copy_(result, non_blocking=True)
        copied = torch.Event(result.device)
        copied.record()
        return _Result(host, copied)

    def _on_stream(self) -> AbstractContextManager[object]:
        return nullcontext() if self._stream is None else torch.cuda.stream(self._stream)


@contextmanager
def _exact_float32() -> Iterator[None]:
    """Codes are nearest neighbours, which TF32 would pick others of. And cuDNN must not try out its algorithms for every
    length: that takes longer than the encoding."""
    matmul, conv, cudnn = torch.backends.cuda.matmul, torch.backends.cudnn.conv, torch.backends.cudnn  # type: ignore[attr-defined]
    before = matmul.fp32_precision, conv.fp32_precision, cudnn.benchmark
    matmul.fp32_precision, conv.fp32_precision, cudnn.benchmark = "ieee", "ieee", False
    try:
        yield
    finally:
        matmul.fp32_precision, conv.fp32_precision, cudnn.benchmark = before
