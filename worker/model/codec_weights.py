"""From the tensors of speech_tokenizer/model.safetensors to what the kernels take. Shapes there are PyTorch's."""

import torch
from torch import Tensor

from worker.model.kernels.conv import Conv, Snake, laid_out
from worker.model.weights import TensorFile

LEAST_USAGE = 1e-5
LEAST_BETA = 1e-9


class CodecWeights:
    """The codec's decoder, part by part, in `dtype`; sums and exponentials of weights are made in float32."""

    def __init__(self, tensors: TensorFile, dtype: torch.dtype) -> None:
        self._tensors = tensors
        self._dtype = dtype

    def tensor(self, name: str) -> Tensor:
        return self._tensors.take(f"decoder.{name}", self._dtype)

    def exact(self, name: str) -> Tensor:
        """In float32, whatever the codec computes in."""
        return self._tensors.take(f"decoder.{name}", torch.float32)

    def conv(self, name: str, dilation: int = 1) -> Conv:
        weight = self.tensor(f"{name}.conv.weight").permute(2, 1, 0)  # [taps, n_in, n_out] from [n_out, n_in, taps]
        return Conv(laid_out(weight), self.tensor(f"{name}.conv.bias"), dilation=dilation)

    def transposed_conv(self, name: str, stretch: int) -> Conv:
        """From [n_in, n_out, k]: output sample t·stretch + i is weight[i]·x[t] + weight[stretch + i]·x[t - 1] + …"""
        weight = self.tensor(f"{name}.conv.weight")
        n_in, n_out, n_samples = weight.shape
        taps = weight.view(n_in, n_out, n_samples // stretch, stretch).permute(2, 0, 3, 1)  # [taps, n_in, stretch, n_out]
        taps = taps.flip(0).reshape(-1, n_in, stretch * n_out)  # the present is the last tap
        return Conv(laid_out(taps), self.tensor(f"{name}.conv.bias").repeat(stretch), stretch=stretch)

    def snake(self, name: str) -> Snake:
        alpha, beta = self.exact(f"{name}.alpha").exp(), self.exact(f"{name}.beta").exp()
        return Snake(alpha, 1 / (beta + LEAST_BETA))

    def scaled(self, name: str, scale: str) -> Tensor:
        """A matrix [n_out, n_in] or bias [n_out] whose output is scaled channel by channel, by LayerScale or ConvNeXt's gamma."""
        weight, factor = self.exact(name), self.exact(scale)
        return (weight * factor.view(-1, *[1] * (weight.dim() - 1))).to(self._dtype)

    def codebooks(self, n_codes: int) -> Tensor:
        """All codebooks behind their output projection: [n_codes * codebook_size, codebook_dim]. The first is the semantic one,
        projected by a matrix of its own."""
        return torch.cat((self._codebooks("rvq_first", 1), self._codebooks("rvq_rest", n_codes - 1)))

    def _codebooks(self, group: str, n_codebooks: int) -> Tensor:
        projection = self.exact(f"quantizer.{group}.output_proj.weight")[:, :, 0]  # [codebook_dim, codebook_dim / 2]
        names = [f"quantizer.{group}.vq.layers.{place}._codebook" for place in range(n_codebooks)]
        return torch.cat([self._codebook(name) @ projection.T for name in names]).to(self._dtype)

    def _codebook(self, name: str) -> Tensor:
        """[codebook_size, codebook_dim / 2]. Stored as it was trained, by exponential moving averages: a sum and a count."""
        usage = self.exact(f"{name}.cluster_usage").clamp(min=LEAST_USAGE)  # [codebook_size]
        return self.exact(f"{name}.embedding_sum") / usage[:, None]
