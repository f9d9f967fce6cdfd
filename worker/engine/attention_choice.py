"""Which attention the options come to on this device: what can't serve is replaced by what can, and said once."""

import logging
from dataclasses import dataclass
from typing import Literal, Protocol

import torch

from worker.engine.options import Attention as AttentionName
from worker.engine.options import EngineOptions
from worker.engine.torch_setup import Placement
from worker.model.attention import (
    ENGINE,
    Attention,
    DecodeAttention,
    PrefillAttention,
    flash_attention_decode,
    flash_attention_prefill,
    sdpa_decode,
    sdpa_prefill,
)
from worker.model.errors import EngineError
from worker.model.kernels.kept import FLOAT8

log = logging.getLogger(__name__)

FLASH_CAPABILITY = (8, 0)
"""FlashAttention 2 needs Ampere or newer."""
FLOAT8_CAPABILITY = (8, 9)
"""Ada and newer turn float8 into other formats in hardware; Triton has no other way."""


class Keeping(Protocol):
    """How keys and values are to be kept, and what is to read them: EngineOptions has it, and what the doctor is asked."""

    @property
    def kv_dtype(self) -> Literal["auto", "float8"]:
        ...

    @property
    def decode_attention(self) -> AttentionName:
        ...


@dataclass(frozen=True)
class AttentionChoice:
    """`notes`: what an operator should know, one line each."""

    attention: Attention
    notes: tuple[str, ...]


def choose_attention(options: EngineOptions, placement: Placement) -> AttentionChoice:
    """flash_attention_2 becomes torch's own attention (prompts) or the engine's kernel (frames) where it can't serve.
    Raises EngineError as `kept_dtype` does."""
    kept = kept_dtype(options, placement)
    missing = ""
    prefill: PrefillAttention = sdpa_prefill
    decode: DecodeAttention = sdpa_decode if options.decode_attention == "sdpa" else ENGINE.decode
    if "flash_attention_2" in (options.prefill_attention, options.decode_attention):
        missing = why_no_flash_attention(placement)
    if options.prefill_attention == "flash_attention_2" and not missing:
        prefill = flash_attention_prefill()
    if options.decode_attention == "flash_attention_2" and not missing:
        decode = flash_attention_decode()
    notes = _notes(options, missing)
    for note in notes:
        log.info("%s", note)
    return AttentionChoice(Attention(prefill, decode, kept), notes)


def kept_dtype(asked: Keeping, placement: Placement) -> torch.dtype | None:
    """Of the talker's keys and values, None: the network's. Raises EngineError where float8 can't serve: in its place slots
    would take twice the memory that was counted on."""
    if asked.kv_dtype == "auto":
        return None
    if asked.decode_attention != "engine":
        raise EngineError(f"kv_dtype: {asked.decode_attention} does not read float8; say engine (decode_attention), or auto")
    if placement.device.type == "cuda":
        major, minor = torch.cuda.get_device_capability(placement.device)
        if (major, minor) < FLOAT8_CAPABILITY:
            raise EngineError(f"kv_dtype: float8 needs compute capability 8.9, this GPU has {major}.{minor}; say auto")
    return FLOAT8


def _notes(options: EngineOptions, missing: str) -> tuple[str, ...]:
    prefill = "sdpa" if missing else options.prefill_attention
    decode = "engine" if missing and options.decode_attention == "flash_attention_2" else options.decode_attention
    served = f"attention: prompts by {prefill}, frames by {decode}"
    if options.kv_dtype == "float8":
        served += ", keys and values in float8"
    return (f"{served} (no FlashAttention: {missing})" if missing else served,)


def why_no_flash_attention(placement: Placement) -> str:
    """Empty where it can serve."""
    if placement.device.type != "cuda":
        return "it needs a CUDA device"
    capability = torch.cuda.get_device_capability(placement.device)
    if capability < FLASH_CAPABILITY:
        return f"it needs compute capability 8.0, this GPU has {capability[0]}.{capability[1]}"
    if placement.dtype == torch.float32:
        return "it has no float32"
    try:
        flash_attention_prefill()
    except ImportError as error:
        return f"the package flash_attn can't be imported: {error}"
    return ""
