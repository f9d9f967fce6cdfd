"""A stack of Qwen3 decoder layers, the talker's and the code predictor's alike: prompts whole, frames a position at a time."""

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from worker.model.attention import Attention
from worker.model.config import StackConfig
from worker.model.kernels.attention import Heads
from worker.model.kernels.gate import silu_gate
from worker.model.kernels.norm import add_rms_norm, rms_norm
from worker.model.kernels.rope import Rope, rope_tables, rotate
from worker.model.weights import TensorFile


@dataclass(frozen=True)
class Cache:
    """Keys and values of every slot. `kv` [layers, 2, slots, kv heads, positions, dim]; RoPE for as many positions."""

    kv: Tensor
    rope: Rope

    def layer(self, index: int) -> tuple[Tensor, Tensor]:
        """Keys and values of one layer, each [slots, kv heads, positions, dim]."""
        return self.kv[index, 0], self.kv[index, 1]


@dataclass(frozen=True)
class Layer:
    """One layer's weights, [out, in]; q, k and v in one matrix, gate and up in another: one product each."""

    input_norm: Tensor
    qkv: Tensor
    q_norm: Tensor
    k_norm: Tensor
    output: Tensor
    gate_norm: Tensor
    gate_up: Tensor
    down: Tensor


@dataclass(frozen=True)
class Stack:
    """Sums of residuals are rounded to the dtype, norms run in float32: as Qwen3 has it in transformers."""

    config: StackConfig
    layers: tuple[Layer, ...]
    norm: Tensor
    attention: Attention

    def step(self, x: Tensor, cache: Cache, slots: Tensor, positions: Tensor, *, n_splits: int = 1, block: int = 64) -> Tensor:
        """One position of each row. x [rows, hidden], consumed; slots and positions [rows] int32; `n_splits` and `block` are
        how the attention kernel cuts a slot's history → the last layer's output after the final norm [rows, hidden]."""
        eps, heads = self.config.rms_norm_eps, self._heads
        following = [layer.input_norm for layer in self.layers[1:]] + [self.norm]
        h = rms_norm(x, self.layers[0].input_norm, eps)  # [rows, hidden]
        for i, layer in enumerate(self.layers):
            keys, values = cache.layer(i)
            qkv = F.linear(h, layer.qkv)  # [rows, (heads + 2 kv heads) * dim]
            attended = self.attention.decode(
                qkv, keys, values, slots, positions, layer.q_norm, layer.k_norm, cache.rope, heads, n_splits, block
            )  # [rows, heads * dim]
            h = add_rms_norm(x, F.linear(attended, layer.output), layer.gate_norm, eps)
            gated = silu_gate(F.linear(h, layer.gate_up))  # [rows, intermediate]
            h = add_rms_norm(x, F.linear(gated, layer.down), following[i], eps)
        return h

    def prefill(self, x: Tensor, cache: Cache, slots: Tensor, lengths: Tensor) -> Tensor:
        """Whole prompts, padded on the right to one length: with causal attention no position sees the padding after it.

        x [batch, length, hidden], consumed; slots and lengths [batch] int64. Writes keys and values of every position,
        padding too: a frame overwrites those before anything reads them → each prompt's last position after the final norm
        [batch, hidden].
        """
        n_prompts, n_positions, hidden = x.shape
        eps = self.config.rms_norm_eps
        rows = x.reshape(-1, hidden)  # [batch * length, hidden]
        for i, layer in enumerate(self.layers):
            qkv = F.linear(rms_norm(rows, layer.input_norm, eps), layer.qkv)
            q, k, v = self._turned(qkv.view(n_prompts, n_positions, -1), layer, cache.rope)
            for place, new in zip(cache.layer(i), (k, v), strict=True):
                place[:, :, :n_positions].index_copy_(0, slots, new.transpose(1, 2))
            attended = self.attention.prefill(q, k, v).reshape(len(rows), -1)  # [batch * length, heads * dim]
            h = add_rms_norm(rows, F.linear(attended, layer.output), layer.gate_norm, eps)
            rows += F.linear(silu_gate(F.linear(h, layer.gate_up)), layer.down)
        last = (lengths - 1).clamp_min(0)  # padding rows have no positions
        ends = rows.view(n_prompts, n_positions, hidden)[torch.arange(n_prompts, device=x.device), last]  # [batch, hidden]
        return rms_norm(ends, self.norm, eps)

    def cache(self, n_slots: int, n_positions: int) -> Cache:
        """Room for `n_slots` of `n_positions` each, zeros."""
        c = self.config
        shape = (c.n_layers, 2, n_slots, c.n_kv_heads, n_positions, c.head_dim)
        kv = torch.zeros(shape, dtype=self.norm.dtype, device=self.norm.device)
        return Cache(kv, rope_tables(n_positions, c.head_dim, c.rope_theta, kv.device, kv.dtype))

    @property
    def _heads(self) -> Heads:
        c = self.config
        return Heads(n_heads=c.n_heads, n_kv_heads=c.n_kv_heads, dim=c.head_dim, eps=c.rms_norm_eps)

    def _turned(self, qkv: Tensor, layer: Layer, rope: Rope) -> tuple[Tensor, Tensor, Tensor]:
        """q [batch, length, heads, dim], k [batch, length, kv heads, dim], both normed and rotated, and v like k."""
        c = self.config
        n_prompts, n_positions, _ = qkv.shape
        by_head = qkv.view(n_prompts, n_positions, -1, c.head_dim)
        q, k, v = torch.split(by_head, [c.n_heads, c.n_kv_heads, c.n_kv_heads], dim=2)
        cos, sin = rope.cos[:n_positions, None], rope.sin[:n_positions, None]  # [length, 1, dim / 2]
        q = rotate(rms_norm(q.contiguous(), layer.q_norm, c.rms_norm_eps), cos, sin)
        k = rotate(rms_norm(k.contiguous(), layer.k_norm, c.rms_norm_eps), cos, sin)
        return q, k, v


def load_stack(config: StackConfig, weights: TensorFile, prefix: str, dtype: torch.dtype, attention: Attention) -> Stack:
    """The stack whose tensors' names begin with `prefix`. Raises CheckpointError where one is missing or of another shape."""
    def take(name: str) -> Tensor:
        return weights.take(f"{prefix}.{name}", dtype=dtype)

    def layer(name: str) -> Layer:
        return Layer(
            input_norm=take(f"{name}.input_layernorm.weight"),
            qkv=torch.cat([take(f"{name}.self_attn.{x}_proj.weight") for x in "qkv"]),
            q_norm=take(f"{name}.self_attn.q_norm.weight"),
            k_norm=take(f"{name}.self_attn.k_norm.weight"),
            output=take(f"{name}.self_attn.o_proj.weight"),
            gate_norm=take(f"{name}.post_attention_layernorm.weight"),
            gate_up=torch.cat([take(f"{name}.mlp.{x}_proj.weight") for x in ("gate", "up")]),
            down=take(f"{name}.mlp.down_proj.weight"),
        )

    layers = tuple(layer(f"layers.{i}") for i in range(config.n_layers))
    return Stack(config, layers, take("norm.weight"), attention)
