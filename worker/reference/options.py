"""How the unmodified qwen-tts package is to run: read once from the settings, sent to its process, frozen. No torch."""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

Mode = Literal["off", "default", "reduce-overhead", "max-autotune"]


@dataclass(frozen=True)
class ReferenceOptions:
    """`device` and `dtype` as in EngineOptions; `attention` is what transformers calls attn_implementation; at most `batch`
    utterances are spoken in one call of `generate`, and the first of them waits no longer than `gather_s` for the others;
    `compile` is torch.compile's mode, and `fullgraph` its parameter."""

    checkpoint: Path
    device: Literal["auto", "cuda", "cpu"] = "auto"
    dtype: Literal["auto", "bfloat16", "float32"] = "auto"
    batch: int = 4
    gather_s: float = 0.05
    max_waiting: int = 1024
    attention: Literal["flash_attention_2", "sdpa"] = "sdpa"
    compile: Mode = "off"
    fullgraph: bool = False
    tf32: bool = True
    cudnn_benchmark: bool = True
    cpu_threads: int = 0
