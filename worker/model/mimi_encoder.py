"""The codec's encoder, sound to hidden states to codes: Mimi (Défossez et al. 2024, arXiv:2410.00037), as transformers' MimiModel
computes it, with `encoder.*` of speech_tokenizer/model.safetensors.

Behind a recording there may be padding, of any finite values: no code hears of it. Everything here looks back alone, but for
convolutions with a stride, which fill up their last window; they find there what transformers fills it with. So recordings of
many lengths take one shape, and what is prepared for a shape (cuDNN's plans, CUDA graphs) serves them all.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import chain

import torch
from torch import Tensor
from torch.nn import functional

from worker.model.config import SAMPLES_PER_FRAME
from worker.model.kernels.rope import rope_tables, rotate
from worker.model.mimi_config import MimiSizes
from worker.model.mimi_shapes import DOWNSAMPLING
from worker.model.reference import MOST_REFERENCE_FRAMES
from worker.model.weights import TensorFile

LEAST_USAGE = 1e-5
"""Of a code in training; how transformers divides by it."""


@dataclass(frozen=True)
class CausalConv:
    """A 1-D convolution that looks back; with a stride, each window ends with the positions that it stands for."""

    weight: Tensor          # [n_out, n_in, n_taps]
    bias: Tensor            # [n_out]
    stride: int = 1
    dilation: int = 1

    def __call__(self, x: Tensor) -> Tensor:
        """[1, n_in, n] to [1, n_out, n / stride]; n is a multiple of the stride."""
        back = self.dilation * (self.weight.shape[2] - 1) + 1 - self.stride
        return functional.conv1d(functional.pad(x, (back, 0)), self.weight, self.bias, self.stride, dilation=self.dilation)


@dataclass(frozen=True)
class Residual:
    narrow: CausalConv
    widen: CausalConv

    def __call__(self, x: Tensor) -> Tensor:
        return x + self.widen(functional.elu(self.narrow(functional.elu(x))))


@dataclass(frozen=True)
class Stage:
    """Residual blocks, and a convolution with a stride that doubles the width."""

    blocks: tuple[Residual, ...]
    shorten: CausalConv


@dataclass(frozen=True)
class Norm:
    weight: Tensor
    bias: Tensor
    epsilon: float

    def __call__(self, x: Tensor) -> Tensor:
        return functional.layer_norm(x, self.weight.shape, self.weight, self.bias, self.epsilon)


class Layer:
    """Of a transformer: attention to all that was before, and two linears around a GELU, each scaled by channel."""

    def __init__(self, weights: TensorFile, prefix: str, sizes: MimiSizes) -> None:
        def read(name: str) -> Tensor:
            return weights.take(prefix + name, torch.float32)

        def norm(name: str) -> Norm:
            return Norm(read(f"{name}.weight"), read(f"{name}.bias"), sizes.norm_eps)

        self._sizes = sizes
        self._queries, self._keys, self._values, self._join = (read(f"self_attn.{part}_proj.weight") for part in "qkvo")
        self._widen, self._narrow = read("mlp.fc1.weight"), read("mlp.fc2.weight")
        self._attention_norm, self._mlp_norm = norm("input_layernorm"), norm("post_attention_layernorm")
        self._attention_scale, self._mlp_scale = read("self_attn_layer_scale.scale"), read("mlp_layer_scale.scale")

    def __call__(self, x: Tensor, cos: Tensor, sin: Tensor) -> Tensor:
        """`x` [n, hidden]; `cos` and `sin` [n, head_dim / 2] of each position's angles."""
        x = x + self._attention_scale * self._attend(self._attention_norm(x), cos, sin)
        inner = functional.gelu(functional.linear(self._mlp_norm(x), self._widen))
        return x + self._mlp_scale * functional.linear(inner, self._narrow)

    def _attend(self, x: Tensor, cos: Tensor, sin: Tensor) -> Tensor:
        sizes = self._sizes
        queries = rotate(self._heads(x, self._queries), cos, sin)               # [n_heads, n, head_dim]
        keys, values = rotate(self._heads(x, self._keys), cos, sin), self._heads(x, self._values)
        heard = functional.scaled_dot_product_attention(queries[None], keys[None], values[None], is_causal=True,
                                                        enable_gqa=sizes.n_kv_heads != sizes.n_heads)[0]
        return functional.linear(heard.transpose(0, 1).flatten(1), self._join)

    def _heads(self, x: Tensor, weight: Tensor) -> Tensor:
        """[n, hidden] to [heads, n, head_dim]"""
        return functional.linear(x, weight).view(len(x), -1, self._sizes.head_dim).transpose(0, 1)


class Codebooks:
    """Residual vector quantization: each code is the nearest to what those before it left."""

    def __init__(self, weights: TensorFile, prefix: str, n_codes: int) -> None:
        def read(name: str) -> Tensor:
            return weights.take(prefix + name, torch.float32)

        self._project = read("input_proj.weight")[:, :, 0]                      # [dim, hidden]
        self._tables = []                                                       # each [codebook_size, dim]
        for place in range(n_codes):
            book = f"layers.{place}.codebook."
            self._tables.append(read(book + "embed_sum") / read(book + "cluster_usage").clamp(min=LEAST_USAGE)[:, None])

    def codes(self, x: Tensor) -> list[Tensor]:
        """[n, hidden] to as many times [n], int64."""
        left, codes = functional.linear(x, self._project), []
        for table in self._tables:
            code = torch.cdist(left, table).argmin(1)
            left = left - functional.embedding(code, table)
            codes.append(code)
        return codes


class MimiEncoder:
    """In float32, on one device. Raises CheckpointError where a tensor is missing."""

    def __init__(self, config: Mapping[str, object], weights: TensorFile, *, n_codes: int) -> None:
        """`config` as mimi_config gave it; the first `n_codes` are encoded."""
        sizes = MimiSizes.of(config)

        def conv(name: str, stride: int = 1, dilation: int = 1) -> CausalConv:
            name = f"encoder.encoder.layers.{name}.conv"
            return CausalConv(weights.take(f"{name}.weight", torch.float32), weights.take(f"{name}.bias", torch.float32),
                              stride, dilation)

        def block(name: str, dilation: int) -> Residual:
            return Residual(conv(f"{name}.block.1", dilation=dilation), conv(f"{name}.block.3"))

        self._first = conv("0")
        self._stages, place = [], 1     # places count activations as well
        for ratio in reversed(sizes.upsampling_ratios):
            blocks = tuple(block(f"{place + n}", sizes.dilation_growth_rate**n) for n in range(sizes.n_residual_layers))
            place += len(blocks) + 1
            self._stages.append(Stage(blocks, conv(f"{place}", stride=ratio)))
            place += 1
        self._last = conv(f"{place + 1}")
        self._layers = [Layer(weights, f"encoder.encoder_transformer.layers.{n}.", sizes) for n in range(sizes.n_layers)]
        self._downsample = weights.take("encoder.downsample.conv.weight", torch.float32)    # [hidden, hidden, 4]
        self._semantic, self._acoustic = (
            Codebooks(weights, f"encoder.quantizer.{kind}_residual_vector_quantizer.", n)
            for kind, n in (("semantic", 1), ("acoustic", n_codes - 1)))
        self._rope = rope_tables(MOST_REFERENCE_FRAMES * DOWNSAMPLING, sizes.head_dim, sizes.rope_theta, weights.device,
                                 torch.float32)

    def codes(self, sound: Tensor, n_samples: Tensor) -> Tensor:
        """`sound` [n] float32, of which `n_samples` (int64, of no dimension) are the recording; n is a multiple of 1920, at most
        30 s. Returns [n // 1920, n_codes] int64, of which the recording's are the first n_samples / 1920, rounded up."""
        assert len(sound) % SAMPLES_PER_FRAME == 0
        x, n = self._first(sound[None, None]), n_samples        # [1, n_channels, n]
        for stage in self._stages:
            for block in stage.blocks:
                x = block(x)
            x = stage.shorten(_ends_silent(functional.elu(x), n))
            n = _shortened(n, stage.shorten.stride)
        x = self._last(functional.elu(x))[0].T                  # [n, hidden]
        cos, sin = self._rope.cos[:len(x)], self._rope.sin[:len(x)]
        for layer in self._layers:
            x = layer(x, cos, sin)
        x = functional.conv1d(_edges_repeated(x, n).T[None], self._downsample, stride=DOWNSAMPLING)[0].T
        return torch.stack(list(chain(self._semantic.codes(x), self._acoustic.codes(x))), 1)


def _ends_silent(x: Tensor, n: Tensor) -> Tensor:
    """[1, n_channels, length], zeros from n on."""
    return x.masked_fill(torch.arange(x.shape[2], device=x.device) >= n, 0.0)


def _edges_repeated(x: Tensor, n: Tensor) -> Tensor:
    """[length, hidden] to [length + 2, hidden]: the first position comes twice more, and the last of n follows itself."""
    at = torch.arange(-DOWNSAMPLING, len(x), device=x.device)
    return x[torch.minimum(at, n - 1).clamp(min=0)]


def _shortened(n: Tensor, stride: int) -> Tensor:
    return (n + stride - 1) // stride
