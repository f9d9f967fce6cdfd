"""The 12 Hz codec's decoder: sixteen codes a frame to 1920 samples, causal throughout, so that a take can be decoded whole or
chunk after chunk with the same result.

The network is Qwen3-TTS's (Qwen team 2026, "Qwen3-TTS technical report"), read from speech_tokenizer/ of its checkpoints.
"""

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor

from worker.model.codec_past import CodecStream, NoPast, Past, StreamedPast
from worker.model.codec_transformer import CodecTransformer
from worker.model.codec_upsampling import Upsampling
from worker.model.codec_waveform import Waveform
from worker.model.codec_weights import CodecWeights
from worker.model.config import CodecConfig
from worker.model.kernels.conv import causal_conv
from worker.model.weights import TensorFile


class CodecDecoder:
    """`tensors` are those of speech_tokenizer/; `dtype` is what it computes in, samples are float32. One thread calls it."""

    def __init__(self, tensors: TensorFile, config: CodecConfig, dtype: torch.dtype) -> None:
        weights = CodecWeights(tensors, dtype)
        self.config = config
        self.dtype = dtype
        self._codebooks = weights.codebooks(config.n_codes)  # [n_codes * codebook_size, codebook_dim]
        self.device = self._codebooks.device
        self._first_rows = torch.arange(config.n_codes, device=self.device) * config.codebook_size  # [n_codes]
        self._latents = weights.conv("pre_conv")
        self._transformer = CodecTransformer(weights, config.transformer)
        self._upsampling = [Upsampling(weights, place, ratio) for place, ratio in enumerate(config.upsampling_ratios)]
        self._waveform = Waveform(weights, config.upsample_rates)

    @property
    def memory_size(self) -> int:
        """Numbers, of `dtype` each, that a stream keeps between two chunks; the same whatever its length."""
        return (
            self._latents.memory_size
            + self._transformer.memory_size(self.config.sliding_window)
            + sum(upsampling.memory_size for upsampling in self._upsampling)
            + self._waveform.memory_size
        )

    @torch.inference_mode()
    def decode(self, codes: Tensor) -> Tensor:
        """Whole takes: `codes` [takes, n_frames, n_codes], integers below codebook_size, on the device →
        [takes, n_frames * 1920]. What is put behind a shorter take changes nothing before it."""
        return self._decoded(codes, NoPast(codes.shape[1], self.config.sliding_window, self.device))

    def open_stream(self) -> CodecStream:
        """A take of which nothing is decoded yet."""
        memory = torch.zeros(self.memory_size, dtype=self.dtype, device=self.device)
        return CodecStream(memory, torch.zeros((), dtype=torch.int64, device=self.device))

    @torch.inference_mode()
    def decode_chunks(self, streams: Sequence[CodecStream], codes: Tensor) -> Tensor:
        """The next frames of each stream, all different streams: `codes` [streams, n_frames, n_codes] →
        [streams, n_frames * 1920]."""
        memory = torch.stack([stream.memory for stream in streams])  # [streams, memory_size], a copy
        n_frames = torch.stack([stream.n_frames for stream in streams])  # [streams]
        samples = self.decode_after(memory, n_frames, codes)
        for row, stream in enumerate(streams):
            # Clones: a view would keep the memories of all rows alive.
            stream.memory, stream.n_frames = memory[row].clone(), n_frames[row].clone()
        return samples

    @torch.inference_mode()
    def decode_after(self, memory: Tensor, n_frames: Tensor, codes: Tensor) -> Tensor:
        """As decode_chunks, of streams whose `memory` [streams, memory_size] and `n_frames` [streams] int64 lie together: both
        are brought up to date in place."""
        past = StreamedPast(memory, n_frames, codes.shape[1], self.config.sliding_window)
        samples = self._decoded(codes, past)  # [streams, n_frames * 1920]
        past.close()
        return samples

    def _decoded(self, codes: Tensor, past: Past) -> Tensor:
        x = F.embedding(codes + self._first_rows, self._codebooks).sum(2)  # [rows, n_frames, codebook_dim]
        x = causal_conv(*past.before(x, self._latents.n_past), self._latents)  # [rows, n_frames, latent_dim]
        x = self._transformer(x, past)  # [rows, n_frames, latent_dim]
        for upsampling in self._upsampling:
            x = upsampling(x, past)  # [rows, ratio * n_steps, latent_dim]
        return self._waveform(x, past)  # [rows, n_frames * 1920]
