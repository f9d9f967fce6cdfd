"""What the doctor is asked, and one line of what it says."""

from dataclasses import dataclass
from typing import Literal

GIB = 2**30


@dataclass(frozen=True)
class Asked:
    """What the settings ask for, and `n_cores` that the machine gives. `voice` is qwen3 (our engine) or reference (the package
    qwen-tts); `cpu_threads` 0 is torch's own choice."""

    voice: Literal["qwen3", "reference"]
    checkpoint: str
    offline: bool
    device: Literal["auto", "cuda", "cpu"]
    dtype: Literal["auto", "bfloat16", "float32"]
    n_slots: int
    slot_positions: int
    n_cores: int
    kv_dtype: Literal["auto", "float8"] = "auto"
    decode_attention: Literal["engine", "sdpa", "flash_attention_2"] = "engine"
    cpu_threads: int = 0


@dataclass(frozen=True)
class Finding:
    """As speechmill's (speechmill/cli/doctor/finding.py): `state` missing stops the engine, warning does not; `fix` is what would
    be right."""

    name: str
    state: Literal["ok", "missing", "warning", "unused"]
    detail: str
    fix: str = ""
