"""The codec behind the engine's seam: batches of takes in, samples on the host out, nothing waited for in between."""

from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from worker.engine.chunk_graphs import ChunkGraphs
from worker.engine.runner import Codes, LaunchedSound, Pcm
from worker.engine.streams import CHUNK_FRAMES
from worker.engine.take_graphs import TakeGraphs
from worker.model.codec import CodecDecoder
from worker.model.codec_past import CodecStream
from worker.model.config import SAMPLES_PER_FRAME
from worker.model.errors import TooLittleMemory

LENGTH_STEP = 16
"""Takes are padded to a multiple of so many frames. Every new shape is a new set of blocks for the allocators; a service with
hundreds of shapes grows for hours."""

CUDA_BATCH_FRAMES = 1024
CPU_BATCH_FRAMES = 256
LEAST_BATCH_FRAMES = 64

STREAMS_PRIORITY = -2
"""Somebody listens: chunks go before frames (worker/engine/torch_runner.py), and those before whole takes."""

CPU_PIECE_FRAMES = 32
"""A CPU decodes whole takes in such pieces, whose activations mostly stay in its caches: real size, one core, 36 ms a frame
against 46 in one piece of 128."""


class LaunchedSamples:
    """Samples on their way to the host: `samples` [takes, at least the longest of n_samples], pinned where the device is a
    GPU; they are there once `copied` has happened (None: already)."""

    def __init__(self, samples: Tensor, n_samples: Sequence[int], copied: torch.Event | None) -> None:
        self._samples = samples
        self._n_samples = n_samples
        self._copied = copied

    def ready(self) -> bool:
        return self._copied is None or self._copied.query()

    def wait(self) -> list[Pcm]:
        if self._copied is not None:
            self._copied.synchronize()
        # Copies: a listener may keep its sound for long, and pinned memory is scarce.
        return [take[:n].numpy().copy() for take, n in zip(self._samples, self._n_samples, strict=True)]


class TorchCodec:
    """The Codec of worker/engine/runner.py. `batch_frames` 0 is the device's usual; `graphs` takes whole takes and chunks through
    CUDA graphs on a GPU, where the two have a stream each. `notes` says what an operator should know, once it is warm. Raises
    ValueError where codes are none of the codec's."""

    def __init__(self, decoder: CodecDecoder, batch_frames: int = 0, *, graphs: bool = False) -> None:
        self._decoder = decoder
        self._on_gpu = decoder.device.type == "cuda"
        self._takes = torch.cuda.Stream(decoder.device) if self._on_gpu else None  # type: ignore[no-untyped-call]
        self._chunks = (
            torch.cuda.Stream(decoder.device, STREAMS_PRIORITY) if self._on_gpu else None  # type: ignore[no-untyped-call]
        )
        self._wants_graphs = graphs
        self._take_graphs: TakeGraphs | None = None
        self._chunk_graphs: ChunkGraphs | None = None
        self.batch_frames = batch_frames or (CUDA_BATCH_FRAMES if self._on_gpu else CPU_BATCH_FRAMES)
        self.notes: list[str] = []

    @property
    def _piece_frames(self) -> int:
        return self.batch_frames if self._on_gpu else CPU_PIECE_FRAMES

    def warm_up(self) -> None:
        """Every kernel once, so that none is compiled while somebody waits; on a GPU also the largest batch, so that its memory
        is taken now. Where it does not suffice, batches are halved until it does. Raises TooLittleMemory where nothing is
        left to halve."""
        if self._on_gpu:
            torch.cuda.synchronize()  # the weights came on another stream
        while not self._fits():
            if self.batch_frames <= LEAST_BATCH_FRAMES:
                raise TooLittleMemory(f"the codec has no memory for batches of {self.batch_frames} frames; take fewer or shorter "
                                      "slots")
            self.batch_frames //= 2
            self.notes.append(f"too little memory for the codec: it decodes {self.batch_frames} frames at a time")
        if self._takes is not None and self._chunks is not None and self._wants_graphs:
            self._capture(self._takes, self._chunks)

    def decode(self, takes: Sequence[Codes]) -> LaunchedSound:
        """Whole takes, padded to the longest: group them by length. One longer than batch_frames is decoded piece after piece, in
        the memory of batch_frames; better alone than in company, which waits for it."""
        longest = max(len(take) for take in takes)
        graphs, n_frames = self._take_graphs, self._take_graphs.padded_frames(longest) if self._take_graphs else None
        lengths = [len(take) for take in takes]
        with _on(self._takes):
            if graphs is not None and n_frames is not None:
                codes, samples = self._pinned(self._padded(takes, n_frames))
                graphs.decode(codes, samples)
                return self._copied(samples, lengths)
            device_codes = self._on_device(self._padded(takes, -(-longest // LENGTH_STEP) * LENGTH_STEP))
            n_takes = max(1, self.batch_frames // device_codes.shape[1])  # short takes may be mostly padding
            return self._launched(torch.cat([self._whole(part) for part in torch.split(device_codes, n_takes)]), lengths)

    def open_stream(self) -> CodecStream:
        with _on(self._chunks):
            return self._decoder.open_stream()

    def decode_chunks(self, chunks: Sequence[tuple[CodecStream, Codes]]) -> LaunchedSound:
        lengths = [len(codes) for _, codes in chunks]
        if len(set(lengths)) != 1:
            raise ValueError(f"Chunks of one call are equally long, not {sorted(set(lengths))} frames.")
        streams = [stream for stream, _ in chunks]
        host_codes = self._checked(np.stack([codes for _, codes in chunks]))  # [streams, n_frames, n_codes]
        with _on(self._chunks):
            if self._chunk_graphs is not None and self._chunk_graphs.serve:
                codes, samples = self._pinned(host_codes)
                self._chunk_graphs.decode(streams, codes, samples)
                return self._copied(samples, lengths)
            return self._launched(self._in_pieces(streams, self._on_device(host_codes)), lengths)

    def _capture(self, takes: torch.cuda.Stream, chunks: torch.cuda.Stream) -> None:
        with _on(takes):  # its codes are cleared there: on another stream, a capture might read them before
            take_graphs = TakeGraphs(self._decoder, takes, self.batch_frames)
            self.notes += take_graphs.capture()
        with _on(chunks):
            chunk_graphs = ChunkGraphs(self._decoder, chunks)
            self.notes += chunk_graphs.capture()
        self._take_graphs, self._chunk_graphs = take_graphs, chunk_graphs

    def _pinned(self, codes: NDArray[np.int32]) -> tuple[Tensor, Tensor]:
        """`codes` [rows, n_frames, n_codes] where the device can read them, and room for their samples [rows, n_samples]."""
        rows, n_frames, _ = codes.shape
        return torch.from_numpy(codes).pin_memory(), torch.empty(rows, n_frames * SAMPLES_PER_FRAME, pin_memory=True)

    def _padded(self, takes: Sequence[Codes], n_frames: int) -> NDArray[np.int32]:
        padded = np.zeros((len(takes), n_frames, self._decoder.config.n_codes), np.int32)
        for row, take in zip(padded, takes, strict=True):
            row[: len(take)] = take
        return self._checked(padded)

    def _checked(self, codes: NDArray[np.int32]) -> NDArray[np.int32]:
        """A GPU that gathers a row outside of its table is lost to the whole process."""
        n_codes, codebook_size = self._decoder.config.n_codes, self._decoder.config.codebook_size
        if codes.shape[2] != n_codes or codes.shape[1] == 0:
            raise ValueError(f"Codes are [n_frames, {n_codes}] with at least one frame, not {list(codes.shape[1:])}.")
        if codes.min() < 0 or codes.max() >= codebook_size:
            raise ValueError(f"Codes are 0 to {codebook_size - 1}, not {codes.min()} to {codes.max()}.")
        return codes

    def _on_device(self, codes: NDArray[np.int32]) -> Tensor:
        host = torch.from_numpy(codes)
        if not self._on_gpu:
            return host
        return host.pin_memory().to(self._decoder.device, non_blocking=True)

    def _whole(self, codes: Tensor) -> Tensor:
        """[takes, n_frames, n_codes] → [takes, n_samples]"""
        if codes.shape[1] <= self._piece_frames:
            return self._decoder.decode(codes)
        return self._in_pieces([self._decoder.open_stream() for _ in codes], codes)

    def _in_pieces(self, streams: Sequence[CodecStream], codes: Tensor) -> Tensor:
        """[streams, n_frames, n_codes] → [streams, n_samples]. A reference makes the first chunk longer than a piece."""
        pieces = [self._decoder.decode_chunks(streams, piece) for piece in torch.split(codes, self._piece_frames, 1)]
        return torch.cat(pieces, 1)

    def _launched(self, samples: Tensor, lengths: Sequence[int]) -> LaunchedSamples:
        if not self._on_gpu:
            return self._copied(samples, lengths)
        host = torch.empty(samples.shape, dtype=samples.dtype, pin_memory=True)
        host.copy_(samples, non_blocking=True)
        return self._copied(host, lengths)

    def _copied(self, host: Tensor, lengths: Sequence[int]) -> LaunchedSamples:
        """`host` is being written by the current stream, where there is one."""
        n_samples = [n_frames * SAMPLES_PER_FRAME for n_frames in lengths]
        if not self._on_gpu:
            return LaunchedSamples(host, n_samples, None)
        copied = torch.Event(self._decoder.device)
        copied.record()
        return LaunchedSamples(host, n_samples, copied)

    def _fits(self) -> bool:
        n_frames = self.batch_frames if self._on_gpu else LENGTH_STEP
        silence = np.zeros((n_frames, self._decoder.config.n_codes), np.int32)
        try:
            self.decode([silence]).wait()
            self._stream_silence(1)
            self._stream_silence(2)
        except torch.OutOfMemoryError:
            torch.cuda.empty_cache()
            return False
        return True

    def _stream_silence(self, n_streams: int) -> None:
        """Every length of chunk in turn: Triton compiles anew where a size is 1, or no multiple of 16, for the first time."""
        streams = [self.open_stream() for _ in range(n_streams)]
        for n_frames in CHUNK_FRAMES if self._on_gpu else CHUNK_FRAMES[:1]:
            silence = np.zeros((n_frames, self._decoder.config.n_codes), np.int32)
            self.decode_chunks([(stream, silence) for stream in streams]).wait()


def _on(stream: torch.cuda.Stream | None) -> AbstractContextManager[object]:
    return nullcontext() if stream is None else torch.cuda.stream(stream)
