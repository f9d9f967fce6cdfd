"""The network once more, as plainly as it can be written: no slots, no cache, no tables, no batch. Every frame recomputes its
whole utterance with full attention, from the weights as they lie in the file. Greedy, for tests to compare codes with."""

from pathlib import Path

import torch
import torch.nn.functional as F
from safetensors.torch import load_file
from torch import Tensor

from worker.model.config import CheckpointConfig, StackConfig
from worker.model.prompt import NONE, Prompt


class PlainNetwork:
    def __init__(self, folder: Path, config: CheckpointConfig) -> None:
        self.weights, self.config = load_file(folder / "model.safetensors"), config

    def speak(self, prompt: Prompt, n_frames: int, penalty: float) -> list[list[int]]:
        """Codes [n_frames][16 and then code 0 of the frame after]."""
        x = self._prompt(prompt)  # [length, hidden]
        hidden = self._stack("talker.model", self.config.talker, x)[-1]
        seen: list[int] = []
        code_0 = self._code_0(hidden, seen, penalty)
        frames = []
        for frame in range(n_frames):
            codes = [code_0, *self._rest(hidden, code_0)]
            trailing = prompt.trailing_ids
            text_id = int(trailing[frame]) if frame < len(trailing) else self.config.tokens.tts_pad
            heard = torch.stack([self._code_row(i, code) for i, code in enumerate(codes)]).sum(0) + self._text_row(text_id)
            x = torch.cat([x, heard[None]])
            hidden = self._stack("talker.model", self.config.talker, x)[-1]
            code_0 = self._code_0(hidden, seen, penalty)
            frames.append([*codes, code_0])
        return frames

    def _prompt(self, prompt: Prompt) -> Tensor:
        rows = []
        for position in range(len(prompt)):
            row = torch.zeros(self.config.talker.hidden_size)
            for i, code in enumerate(prompt.code_ids[position]):
                row = row + (self._code_row(i, int(code)) if code != NONE else 0)
            text_id = int(prompt.text_ids[position])
            row = row + (self._text_row(text_id) if text_id != NONE else 0)
            if prompt.speaker is not None and position == prompt.speaker_at:
                row = row + torch.from_numpy(prompt.speaker)
            rows.append(row)
        return torch.stack(rows)

    def _code_0(self, hidden: Tensor, seen: list[int], penalty: float) -> int:
        """Greedy under the repetition penalty; no special token but the end, and that not in the first two frames."""
        logits = self.weights["talker.codec_head.weight"] @ hidden  # [talker codes]
        for code in set(seen):
            logits[code] = logits[code] / penalty if logits[code] > 0 else logits[code] * penalty
        end = logits[self.config.tokens.codec_eos].clone()
        logits[-1024:] = -torch.inf
        if len(seen) >= 2:
            logits[self.config.tokens.codec_eos] = end
        seen.append(int(logits.argmax()))
        return seen[-1]

    def _rest(self, hidden: Tensor, code_0: int) -> list[int]:
        rows = [hidden, self._code_row(0, code_0)]
        codes: list[int] = []
        for i in range(self.config.n_codes - 1):
            x = self._narrow(torch.stack(rows))  # [2 + i, predictor hidden]
            h = self._stack("talker.code_predictor.model", self.config.predictor, x)[-1]
            codes.append(int((self.weights[f"talker.code_predictor.lm_head.{i}.weight"] @ h).argmax()))
            rows.append(self._code_row(i + 1, codes[-1]))
        return codes

    def _narrow(self, x: Tensor) -> Tensor:
        name = "talker.code_predictor.small_to_mtp_projection"
        if f"{name}.weight" not in self.weights:
            return x
        return F.linear(x, self.weights[f"{name}.weight"], self.weights[f"{name}.bias"])

    def _code_row(self, i: int, code: int) -> Tensor:
        name = "talker.model.codec_embedding" if i == 0 else f"talker.code_predictor.model.codec_embedding.{i - 1}"
        return self.weights[f"{name}.weight"][code]

    def _text_row(self, text_id: int) -> Tensor:
        row = self.weights["talker.model.text_embedding.weight"][text_id]
        w = {i: [self.weights[f"talker.text_projection.linear_fc{i}.{part}"] for part in ("weight", "bias")] for i in (1, 2)}
        return F.linear(F.silu(F.linear(row, *w[1])), *w[2])

    def _stack(self, prefix: str, c: StackConfig, x: Tensor) -> Tensor:
        for i in range(c.n_layers):
            own = f"{prefix}.layers.{i}."
            w = {name.removeprefix(own): tensor for name, tensor in self.weights.items() if name.startswith(own)}
            x = x + self._attention(w, c, _norm(x, w["input_layernorm.weight"], c.rms_norm_eps))
            h = _norm(x, w["post_attention_layernorm.weight"], c.rms_norm_eps)
            x = x + (F.silu(h @ w["mlp.gate_proj.weight"].T) * (h @ w["mlp.up_proj.weight"].T)) @ w["mlp.down_proj.weight"].T
        return _norm(x, self.weights[f"{prefix}.norm.weight"], c.rms_norm_eps)

    def _attention(self, w: dict[str, Tensor], c: StackConfig, h: Tensor) -> Tensor:
        n = len(h)
        q, k, v = ((h @ w[f"self_attn.{x}_proj.weight"].T).view(n, -1, c.head_dim).transpose(0, 1) for x in "qkv")
        q = _rope(_norm(q, w["self_attn.q_norm.weight"], c.rms_norm_eps), c.rope_theta)
        k = _rope(_norm(k, w["self_attn.k_norm.weight"], c.rms_norm_eps), c.rope_theta)
        shared = c.n_heads // c.n_kv_heads
        scores = q @ k.repeat_interleave(shared, 0).transpose(1, 2) / c.head_dim**0.5  # [heads, n, n]
        weights = scores.masked_fill(torch.ones(n, n).tril() == 0, -torch.inf).softmax(-1)
        attended = (weights @ v.repeat_interleave(shared, 0)).transpose(0, 1).reshape(n, -1)
        return F.linear(attended, w["self_attn.o_proj.weight"])


def _norm(x: Tensor, weight: Tensor, eps: float) -> Tensor:
    return x / (x.pow(2).mean(-1, keepdim=True) + eps).sqrt() * weight


def _rope(x: Tensor, theta: float) -> Tensor:
    """x [heads, n, dim]"""
    dim = x.shape[-1]
    angles = torch.arange(x.shape[1])[:, None] * theta ** (-torch.arange(0, dim, 2) / dim)  # [n, dim / 2]
    turned = torch.polar(torch.ones_like(angles), angles) * torch.complex(*x.chunk(2, -1))
    return torch.cat([turned.real, turned.imag], -1)
