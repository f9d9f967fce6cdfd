"""Which attention the options come to on this device: what can't serve is replaced by what can, and said once."""

import logging
from dataclasses import dataclass

import torch

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

log = logging.getLogger(__name__)

FLASH_CAPABILITY = (8, 0)
"""FlashAttention 2 needs Ampere or newer."""


@dataclass(frozen=True)
class AttentionChoice:
    """`notes`: what an operator should know, one line each."""

    attention: Attention
    notes: tuple[str, ...]


def choose_attention(options: EngineOptions, placement: Placement) -> AttentionChoice:
    """flash_attention_2 becomes torch's own attention (prompts) or the engine's kernel (frames) where it can't serve."""
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
    return AttentionChoice(Attention(prefill, decode), notes)


def _notes(options: EngineOptions, missing: str) -> tuple[str, ...]:
    prefill = "sdpa" if missing else options.prefill_attention
    decode = "engine" if missing and options.decode_attention == "flash_attention_2" else options.decode_attention
    served = f"attention: prompts by {prefill}, frames by {decode}"
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
