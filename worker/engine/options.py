"""How an engine is to run: read once from the settings, sent to its process, frozen. No torch."""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

Attention = Literal["flash_attention_2", "sdpa", "engine"]


@dataclass(frozen=True)
class EngineOptions:
    """`device` "auto" is CUDA where there is one; `dtype` "auto" is bfloat16 on CUDA, float32 on a CPU.

    `prefill_attention` is what serves prompts: flash_attention_2 (the package where it is installed and the GPU is of compute
    capability 8.0 or newer, else torch's own) or sdpa. `decode_attention` serves frames: engine (ours, Triton; its torch twin
    on a CPU), sdpa, or flash_attention_2 (flash_attn_with_kvcache). `kv_dtype` "auto" keeps the talker's keys and values in
    `dtype`, "float8" in half of bfloat16's memory: engine alone reads it, on a GPU from compute capability 8.9 on.
    `slot_positions` is prompt plus frames of one utterance; `n_slots` utterances are spoken at once, of which
    `interactive_slots` are kept for interactive ones. `max_waiting` utterances may wait beyond that.
    """

    checkpoint: Path
    device: Literal["auto", "cuda", "cpu"] = "auto"
    dtype: Literal["auto", "bfloat16", "float32"] = "auto"
    n_slots: int = 4
    interactive_slots: int = 1
    slot_positions: int = 1280
    max_waiting: int = 1024
    prefill_attention: Literal["flash_attention_2", "sdpa"] = "flash_attention_2"
    decode_attention: Attention = "engine"
    kv_dtype: Literal["auto", "float8"] = "auto"
    cuda_graphs: bool = True
    tf32: bool = True
    cudnn_benchmark: bool = True
    cpu_threads: int = 0             # 0: torch's own choice
