"""Whole takes through the codec in CUDA graphs. Launched one by one, the codec's three hundred kernels cost the host 12 ms a
batch (H200), in which it launches no frames; a graph costs it a fraction of one."""

import torch
from torch import Tensor

from worker.engine.buckets import TakeBucket, split_exactly, take_buckets
from worker.engine.graphs import Graphs
from worker.model.codec import CodecDecoder
from worker.model.config import SAMPLES_PER_FRAME


class TakeGraphs:
    """Every size of a batch of takes, captured. All on one stream; `batch_frames` bounds the memory."""

    def __init__(self, decoder: CodecDecoder, stream: torch.cuda.Stream, batch_frames: int) -> None:
        self._decoder = decoder
        self._codes = torch.zeros(batch_frames, decoder.config.n_codes, dtype=torch.int32, device=decoder.device)
        self._samples = torch.empty(batch_frames * SAMPLES_PER_FRAME, device=decoder.device)
        self._buckets = take_buckets(batch_frames)
        self._graphs: Graphs[TakeBucket] = Graphs(stream, torch.cuda.graph_pool_handle(), self._work)

    def capture(self) -> list[str]:
        """The largest first, so that the smaller ones find room in their memory; what was left out for want of it."""
        left_out = []
        for bucket in sorted(self._buckets, key=lambda b: -b.n_takes * b.n_frames):
            if not self._graphs.capture(bucket):
                left_out.append(f"{bucket.n_takes} takes of {bucket.n_frames} frames")
        return [f"too little memory for CUDA graphs of the codec: {', '.join(left_out)}"] if left_out else []

    def padded_frames(self, n_frames: int) -> int | None:
        """The length that takes of `n_frames` are decoded at; None where they are longer than any graph's."""
        return min((bucket.n_frames for bucket in self._graphs.sizes if bucket.n_takes == 1 and bucket.n_frames >= n_frames),
                   default=None)

    def decode(self, codes: Tensor, samples: Tensor) -> None:
        """Launches on the current stream. `codes` [takes, n_frames, n_codes] int32, pinned, of a length that `padded_frames`
        gave → `samples` [takes, n_frames * 1920], pinned."""
        n_frames = codes.shape[1]
        sizes = [bucket.n_takes for bucket in self._graphs.sizes if bucket.n_frames == n_frames]
        start = 0
        for n_takes in split_exactly(len(codes), sizes):
            here = slice(start, start + n_takes)
            bucket = TakeBucket(n_takes, n_frames)
            self._codes_of(bucket).copy_(codes[here], non_blocking=True)
            self._graphs.run(bucket)
            samples[here].copy_(self._samples_of(bucket), non_blocking=True)
            start += n_takes

    def _work(self, bucket: TakeBucket) -> None:
        self._samples_of(bucket).copy_(self._decoder.decode(self._codes_of(bucket)))

    def _codes_of(self, bucket: TakeBucket) -> Tensor:
        """[takes, n_frames, n_codes]"""
        return self._codes[: bucket.n_takes * bucket.n_frames].view(bucket.n_takes, bucket.n_frames, -1)

    def _samples_of(self, bucket: TakeBucket) -> Tensor:
        """[takes, n_samples]"""
        n_samples = bucket.n_takes * bucket.n_frames * SAMPLES_PER_FRAME
        return self._samples[:n_samples].view(bucket.n_takes, -1)
