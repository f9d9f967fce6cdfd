"""Chunks of streams through the codec in CUDA graphs: whoever listens waits for the first of them. Launched one by one, the
codec's three hundred kernels cost the host 12 ms (H200), and the device a fraction of that for a frame or two.

A graph reads and writes the same memory each time. So the streams' memories are copied there before it and back behind it: 3 MB
each, next to nothing.
"""

from collections.abc import Sequence
from itertools import accumulate

import torch
from torch import Tensor

from worker.engine.buckets import ChunkBucket, chunk_buckets, split_exactly, split_rows
from worker.engine.graphs import Graphs
from worker.engine.streams import CHUNK_FRAMES
from worker.model.codec import CodecDecoder
from worker.model.codec_past import CodecStream
from worker.model.config import SAMPLES_PER_FRAME


class ChunkGraphs:
    """Every length of a chunk, for one stream and for several. All on one stream of the device (None: a CPU, where work runs as
    it is)."""

    def __init__(self, decoder: CodecDecoder, stream: torch.cuda.Stream | None) -> None:
        self._decoder = decoder
        self._buckets = chunk_buckets(CHUNK_FRAMES)
        most_streams = max(bucket.n_streams for bucket in self._buckets)
        most_frames = max(bucket.n_streams * bucket.n_frames for bucket in self._buckets)
        device = decoder.device
        self._memory = torch.zeros(most_streams, decoder.memory_size, dtype=decoder.dtype, device=device)
        self._n_frames = torch.zeros(most_streams, dtype=torch.int64, device=device)
        self._codes = torch.zeros(most_frames, decoder.config.n_codes, dtype=torch.int32, device=device)
        self._samples = torch.empty(most_frames * SAMPLES_PER_FRAME, device=device)
        pool = torch.cuda.graph_pool_handle() if stream is not None else None
        self._graphs: Graphs[ChunkBucket] = Graphs(stream, pool, self._work)

    def capture(self) -> list[str]:
        """The largest first, so that the smaller ones find room in their memory; what was left out for want of it."""
        left_out = []
        for bucket in sorted(self._buckets, key=lambda b: -b.n_streams * b.n_frames):
            if not self._graphs.capture(bucket):
                self._buckets.remove(bucket)
                left_out.append(f"{bucket.n_streams} × {bucket.n_frames} frames")
        return [f"too little memory for CUDA graphs of streams: {', '.join(left_out)}"] if left_out else []

    @property
    def serve(self) -> bool:
        """Whether there are any: the smallest serves chunks of every length."""
        return ChunkBucket(1, 1) in self._buckets

    @torch.inference_mode()
    def decode(self, streams: Sequence[CodecStream], codes: Tensor, samples: Tensor) -> None:
        """Launches on the current stream of the device. `codes` [streams, n_frames, n_codes] int32, pinned →
        `samples` [streams, n_frames * 1920], pinned. The streams are brought up to date."""
        lengths = split_exactly(codes.shape[1], [bucket.n_frames for bucket in self._buckets if bucket.n_streams == 1])
        pieces = torch.split(samples, [n_frames * SAMPLES_PER_FRAME for n_frames in lengths], 1)
        for part, piece in zip(torch.split(codes, lengths, 1), pieces, strict=True):
            self._decode(streams, part, piece)

    def _decode(self, streams: Sequence[CodecStream], codes: Tensor, samples: Tensor) -> None:
        """`codes` of a length that there are graphs of."""
        n_frames = codes.shape[1]
        sizes = split_rows(len(streams), [bucket.n_streams for bucket in self._buckets if bucket.n_frames == n_frames])
        for start, n_streams in zip(accumulate(sizes, initial=0), sizes, strict=False):
            here = slice(start, start + n_streams)
            self._run(ChunkBucket(n_streams, n_frames), streams[here], codes[here], samples[here])

    def _run(self, bucket: ChunkBucket, streams: Sequence[CodecStream], codes: Tensor, samples: Tensor) -> None:
        """As many streams as the bucket has rows, or fewer: then the rows beyond them say anything."""
        n = len(streams)
        torch.stack([stream.memory for stream in streams], out=self._memory[:n])
        torch.stack([stream.n_frames for stream in streams], out=self._n_frames[:n])
        for row in range(n):  # one by one: only a row is dense, and what is not is not copied beside the host's own work
            self._codes_of(bucket)[row].copy_(codes[row], non_blocking=True)
        self._graphs.run(bucket)
        for row, stream in enumerate(streams):
            samples[row].copy_(self._samples_of(bucket)[row], non_blocking=True)
            stream.memory.copy_(self._memory[row])
            stream.n_frames.copy_(self._n_frames[row])

    def _work(self, bucket: ChunkBucket) -> None:
        n = bucket.n_streams
        self._samples_of(bucket).copy_(
            self._decoder.decode_after(self._memory[:n], self._n_frames[:n], self._codes_of(bucket))
        )

    def _codes_of(self, bucket: ChunkBucket) -> Tensor:
        """[streams, n_frames, n_codes]"""
        return self._codes[: bucket.n_streams * bucket.n_frames].view(bucket.n_streams, bucket.n_frames, -1)

    def _samples_of(self, bucket: ChunkBucket) -> Tensor:
        """[streams, n_samples]"""
        n_samples = bucket.n_streams * bucket.n_frames * SAMPLES_PER_FRAME
        return self._samples[:n_samples].view(bucket.n_streams, -1)
