"""A stack of Qwen3 decoder layers, the talker's and the code predictor's alike: prompts whole, frames a position at a time."""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from worker.model.attention import Attention
from worker.model.config import StackConfig
from worker.model.kernels.append import append_prompts
from worker.model.kernels.attention import Heads
from worker.model.kernels.linear import add_linear, norm_gate_linear, norm_linear
from worker.model.kernels.norm import rms_norm
from worker.model.kernels.predictor_attention import predictor_attention
from worker.model.kernels.rope import Rope, rope_tables
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

    def step(self, x: Tensor, cache: Cache, slots: Tensor, positions: Tensor, *, n_splits: int = 1) -> Tensor:
        """One position of each row. x [rows, hidden], consumed; slots and positions [rows] int32; `n_splits` programs of the
        attention kernel share a slot's history → the last layer's output before the final norm [rows, hidden]."""
        def attend(layer: Layer, qkv: Tensor, keys: Tensor, values: Tensor) -> Tensor:
            return self.attention.decode(
                qkv, keys, values, slots, positions, layer.q_norm, layer.k_norm, cache.rope, self._heads, n_splits
            )

        return self._step(x, cache, attend)

    def step_in_frame(self, x: Tensor, cache: Cache, places: range) -> Tensor:
        """`places` of a frame, the same of each row, whose slot is the row's own number: the code predictor's.
        x [places * rows, hidden], consumed, all rows' first place first → as `step` [places * rows, hidden]."""
        def attend(layer: Layer, qkv: Tensor, keys: Tensor, values: Tensor) -> Tensor:
            return predictor_attention(qkv, keys, values, places, layer.q_norm, layer.k_norm, cache.rope, self._heads)

        return self._step(x, cache, attend)

    def _step(self, x: Tensor, cache: Cache, attend: Callable[[Layer, Tensor, Tensor, Tensor], Tensor]) -> Tensor:
        """x [rows, hidden] through all layers; `attend` is given a layer, its qkv and its part of the cache."""
        eps = self.config.rms_norm_eps
        for i, layer in enumerate(self.layers):
            qkv = norm_linear(x, layer.input_norm, layer.qkv, eps)  # [rows, (heads + 2 kv heads) * dim]
            attended = attend(layer, qkv, *cache.layer(i))  # [rows, heads * dim]
            add_linear(x, attended, layer.output)
            gated = norm_gate_linear(x, layer.gate_norm, layer.gate_up, eps)  # [rows, intermediate]
            add_linear(x, gated, layer.down)
        return x

    def prefill(self, x: Tensor, cache: Cache, slots: Tensor, lengths: Tensor) -> Tensor:
        """Whole prompts, padded on the right to one length: with causal attention no position sees the padding after it.

        x [batch, length, hidden], consumed; slots and lengths [batch] int64. Writes keys and values of every position,
        padding too: a frame overwrites those before anything reads them → each prompt's last position after the final norm
        [batch, hidden].
        """
        n_prompts, n_positions, hidden = x.shape
        eps, heads = self.config.rms_norm_eps, self._heads
        rows = x.reshape(-1, hidden)  # [batch * length, hidden]
        for i, layer in enumerate(self.layers):
            qkv = norm_linear(rows, layer.input_norm, layer.qkv, eps).view(n_prompts, n_positions, -1)
            q, k, v = append_prompts(qkv, *cache.layer(i), slots, layer.q_norm, layer.k_norm, cache.rope, heads)
            attended = self.attention.prefill(q, k, v).reshape(len(rows), -1)  # [batch * length, heads * dim]
            add_linear(rows, attended, layer.output)
            gated = norm_gate_linear(rows, layer.gate_norm, layer.gate_up, eps)  # [batch * length, intermediate]
            add_linear(rows, gated, layer.down)
        last = (lengths - 1).clamp_min(0)  # padding rows have no positions
        ends = rows.view(n_prompts, n_positions, hidden)[torch.arange(n_prompts, device=x.device), last]  # [batch, hidden]
        return rms_norm(ends, self.norm, eps)

    def cache(self, n_slots: int, n_positions: int) -> Cache:
        """Room for `n_slots` of `n_positions` each, zeros."""
        c = self.config
        shape = (c.n_layers, 2, n_slots, c.n_kv_heads, n_positions, c.head_dim)
        kv = torch.zeros(shape, dtype=self.kept_dtype, device=self.norm.device)
        return Cache(kv, rope_tables(n_positions, c.head_dim, c.rope_theta, kv.device, self.norm.dtype))

    @property
    def kept_dtype(self) -> torch.dtype:
        """Of the keys and values in a cache."""
        return self.attention.kept or self.norm.dtype

    @property
    def _heads(self) -> Heads:
        c = self.config
        return Heads(n_heads=c.n_heads, n_kv_heads=c.n_kv_heads, dim=c.head_dim, eps=c.rms_norm_eps)


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
