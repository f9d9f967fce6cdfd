"""Whether the slots asked for fit, before anything is allocated."""

from dataclasses import dataclass
from pathlib import Path

import torch

from worker.engine.options import EngineOptions
from worker.model.config import CheckpointConfig, StackConfig
from worker.model.errors import TooLittleMemory
from worker.model.network import Network

GIB = 2**30

WORKING_BYTES = {"cuda": 15 * GIB // 2, "cpu": GIB // 4}
"""Left free for what a launch computes in between, for the codec and for CUDA graphs: 4.9 GiB with 65 slots of 1.7B, and 7.2 GiB
for a moment while they are captured (H200)."""


@dataclass(frozen=True)
class SlotMemory:
    """What slots cost: `per_slot_bytes` each, the scratch slot counted in `n_slots + 1`."""

    n_slots: int
    slot_positions: int
    per_slot_bytes: int

    @property
    def total_bytes(self) -> int:
        return (self.n_slots + 1) * self.per_slot_bytes

    def n_fitting(self, *, free_bytes: int, working_bytes: int) -> int:
        """How many slots of that length fit beside the weights."""
        return max(0, (free_bytes - working_bytes) // self.per_slot_bytes - 1)

    def check(self, *, weight_bytes: int, free_bytes: int, working_bytes: int) -> None:
        """`free_bytes` beside the weights. Raises TooLittleMemory, which says how many slots would fit."""
        if self.total_bytes + working_bytes <= free_bytes:
            return
        n_fitting = self.n_fitting(free_bytes=free_bytes, working_bytes=working_bytes)
        raise TooLittleMemory(
            f"n_slots: {self.n_slots} slots of {self.slot_positions} positions take {_gib(self.total_bytes)}"
            f" ({_gib(self.per_slot_bytes)} each, and one more) and {_gib(working_bytes)} must stay for the work itself, but"
            f" beside the weights ({_gib(weight_bytes)}) only {_gib(free_bytes)} are free: "
            + (f"{n_fitting} slots of that length would fit, or shorter ones (slot_positions)" if n_fitting else
               "not one slot of that length fits; take shorter ones (slot_positions), a smaller checkpoint or a larger device")
        )


def memory_bytes_per_slot(config: CheckpointConfig, slot_positions: int, dtype: torch.dtype, kept: torch.dtype) -> int:
    """One slot: keys and values of the talker for all its positions, as `kept`, and of the predictor for one frame, and the
    slot's state."""
    talker = _numbers(config.talker) * slot_positions * kept.itemsize
    predictor = _numbers(config.predictor) * config.n_codes * dtype.itemsize
    state = config.talker_vocab_size + 4 * slot_positions + 64  # codes seen, text rows to come, figures
    return talker + predictor + config.talker.hidden_size * dtype.itemsize + state


def check_slots_fit(network: Network, options: EngineOptions) -> None:
    """With the weights loaded. Raises TooLittleMemory; passes where free memory can't be told."""
    free = free_bytes(network.device)
    if free is not None:
        per_slot_bytes = memory_bytes_per_slot(
            network.config, options.slot_positions, network.dtype, network.talker.kept_dtype)
        SlotMemory(options.n_slots, options.slot_positions, per_slot_bytes).check(
            weight_bytes=network.weight_bytes, free_bytes=free, working_bytes=WORKING_BYTES[network.device.type]
        )


def free_bytes(device: torch.device) -> int | None:
    """Memory that could be allocated now; None where the system does not tell."""
    if device.type == "cuda":
        cached = torch.cuda.memory_reserved(device) - torch.cuda.memory_allocated(device)
        return torch.cuda.mem_get_info(device)[0] + cached
    meminfo = Path("/proc/meminfo")
    if not meminfo.exists():
        return None
    lines = dict(line.split(":", 1) for line in meminfo.read_text().splitlines())
    return int(lines["MemAvailable"].split()[0]) * 1024


def _numbers(stack: StackConfig) -> int:
    """Keys and values of one position."""
    return stack.n_layers * 2 * stack.n_kv_heads * stack.head_dim


def _gib(n_bytes: int) -> str:
    return f"{n_bytes / GIB:.2f} GiB"
