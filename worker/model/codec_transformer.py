"""The codec's transformer: each frame looks at those of the last six seconds."""

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from worker.model.codec_past import Past
from worker.model.codec_weights import CodecWeights
from worker.model.config import StackConfig
from worker.model.kernels.gate import silu_gate
from worker.model.kernels.norm import rms_norm
from worker.model.kernels.rope import rotate


@dataclass(frozen=True)
class Layer:
    """Matrices [n_out, n_in]; q, k and v are one, gate and up are one. LayerScale (Touvron et al. 2021, arXiv:2103.17239) is
    multiplied into the matrices before it."""

    attention_norm: Tensor
    qkv: Tensor
    attention_out: Tensor
    gate_norm: Tensor
    gate_up: Tensor
    down: Tensor

    @classmethod
    def load(cls, weights: CodecWeights, name: str) -> "Layer":
        return cls(
            attention_norm=weights.tensor(f"{name}.input_layernorm.weight"),
            qkv=torch.cat([weights.tensor(f"{name}.self_attn.{part}_proj.weight") for part in "qkv"]),
            attention_out=weights.scaled(f"{name}.self_attn.o_proj.weight", f"{name}.self_attn_layer_scale.scale"),
            gate_norm=weights.tensor(f"{name}.post_attention_layernorm.weight"),
            gate_up=torch.cat([weights.tensor(f"{name}.mlp.{part}_proj.weight") for part in ("gate", "up")]),
            down=weights.scaled(f"{name}.mlp.down_proj.weight", f"{name}.mlp_layer_scale.scale"),
        )


class CodecTransformer:
    """From the codes' latents to the decoder's: [rows, n_frames, latent_dim] both."""

    def __init__(self, weights: CodecWeights, config: StackConfig) -> None:
        name = "pre_transformer"
        self._config = config
        self._into = (weights.tensor(f"{name}.input_proj.weight"), weights.tensor(f"{name}.input_proj.bias"))
        self._layers = [Layer.load(weights, f"{name}.layers.{place}") for place in range(config.n_layers)]
        self._norm = weights.tensor(f"{name}.norm.weight")
        self._out = (weights.tensor(f"{name}.output_proj.weight"), weights.tensor(f"{name}.output_proj.bias"))
        halves = torch.arange(0, config.head_dim, 2, dtype=torch.float32, device=self._norm.device)
        self._frequencies = config.rope_theta ** (-halves / config.head_dim)  # [head_dim / 2] radians a frame

    def memory_size(self, window: int) -> int:
        """Numbers that a stream keeps for it: keys and values of the last window - 1 frames."""
        return len(self._layers) * 2 * self._config.n_kv_heads * (window - 1) * self._config.head_dim

    def __call__(self, x: Tensor, past: Past) -> Tensor:
        x = F.linear(x, *self._into)  # [rows, n_frames, hidden]
        angles = past.positions[:, None, :, None] * self._frequencies  # [rows or 1, 1, n_frames, head_dim / 2]
        cos, sin = angles.cos().to(x.dtype), angles.sin().to(x.dtype)
        eps = self._config.rms_norm_eps
        for layer in self._layers:
            x = x + self._attention(rms_norm(x, layer.attention_norm, eps), layer, cos, sin, past)
            gate_up = F.linear(rms_norm(x, layer.gate_norm, eps), layer.gate_up)  # [rows, n_frames, 2 * ffn]
            x = x + F.linear(silu_gate(gate_up.flatten(0, 1)), layer.down).view_as(x)
        return F.linear(rms_norm(x, self._norm, eps), *self._out)

    def _attention(self, x: Tensor, layer: Layer, cos: Tensor, sin: Tensor, past: Past) -> Tensor:
        config = self._config
        qkv = F.linear(x, layer.qkv).view(*x.shape[:2], -1, config.head_dim)  # [rows, n_frames, all heads, head_dim]
        q, k, v = torch.split(qkv.transpose(1, 2), [config.n_heads, config.n_kv_heads, config.n_kv_heads], 1)
        keys, values = past.keys_and_values(rotate(k, cos, sin), v)  # [rows, kv heads, n_keys, head_dim]
        heard = F.scaled_dot_product_attention(
            rotate(q, cos, sin), keys, values, attn_mask=past.visible, enable_gqa=config.n_kv_heads != config.n_heads
        )  # [rows, heads, n_frames, head_dim]
        return F.linear(heard.transpose(1, 2).flatten(2), layer.attention_out)
