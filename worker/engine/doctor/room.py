"""The checkpoint, and whether it and its slots fit."""

from worker.engine.attention_choice import kept_dtype
from worker.engine.doctor.finding import GIB, Asked, Finding
from worker.engine.memory import WORKING_BYTES, SlotMemory, free_bytes, memory_bytes_per_slot
from worker.engine.torch_setup import Placement
from worker.model.checkpoint import Checkpoint, open_checkpoint
from worker.model.errors import CheckpointError, EngineError, TooLittleMemory
from worker.model.hub import fetch


def checkpoint(asked: Asked) -> tuple[Checkpoint | None, Finding]:
    """Looked for here alone: nothing is fetched."""
    if not asked.checkpoint:
        return None, Finding("checkpoint", "missing", "none is named",
                             "SPEECHMILL_ENGINE__CHECKPOINT=Qwen/Qwen3-TTS-12Hz-1.7B-CustomVoice, or a folder")
    try:
        folder = fetch(asked.checkpoint, offline=True, report=lambda _: None)
    except CheckpointError as error:
        if asked.offline:
            return None, Finding("checkpoint", "missing", error.message, "fetch it where there is a network")
        return None, Finding("checkpoint", "warning", f"{asked.checkpoint} is not here yet", "the first start fetches it")
    try:
        opened = open_checkpoint(folder)
    except CheckpointError as error:
        return None, Finding("checkpoint", "missing", error.message, "fetch it again")
    config = opened.config
    return opened, Finding("checkpoint", "ok", f"{folder}: {config.size} {config.kind}, revision {opened.revision}")


def slots(asked: Asked, placement: Placement, opened: Checkpoint) -> Finding:
    """Before the weights are loaded: they are taken off what is free."""
    free = free_bytes(placement.device)
    if free is None:
        return Finding("slots", "unused", "this system does not tell how much memory is free")
    weight_bytes, working_bytes = opened.weight_bytes(placement.dtype), WORKING_BYTES[placement.device.type]
    beside_bytes = max(0, free - weight_bytes)
    try:
        kept = kept_dtype(asked, placement) or placement.dtype
    except EngineError as error:
        return Finding("slots", "missing", error.message, "SPEECHMILL_ENGINE__KV_DTYPE=auto")
    memory = SlotMemory(asked.n_slots, asked.slot_positions,
                        memory_bytes_per_slot(opened.config, asked.slot_positions, placement.dtype, kept))
    try:
        memory.check(weight_bytes=weight_bytes, free_bytes=beside_bytes, working_bytes=working_bytes)
    except TooLittleMemory as error:
        return Finding("slots", "missing", error.message,
                       "fewer SPEECHMILL_WORKER__SPEECH_SLOTS, or shorter SPEECHMILL_ENGINE__SLOT_POSITIONS")
    n_fitting = memory.n_fitting(free_bytes=beside_bytes, working_bytes=working_bytes)
    return Finding("slots", "ok", f"{asked.n_slots} of {asked.slot_positions} positions take {memory.total_bytes / GIB:.1f} GiB, "
                                  f"the weights {weight_bytes / GIB:.1f}; {free / GIB:.0f} GiB are free: {n_fitting} would fit")
