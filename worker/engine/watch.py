"""When an engine counts as hung, and when it has grown too large. No processes here, and no clock: the caller brings the time."""

from dataclasses import dataclass

GIB = 1 << 30

_LONGEST_LOOK_S = 1.0


@dataclass
class Silence:
    """How long nothing was heard of the engine. The caller looks every fraction of a second."""

    stall_s: float
    silent_s: float = 0.0

    def heard(self) -> None:
        self.silent_s = 0.0

    def look(self, elapsed_s: float) -> bool:
        """Whether it has hung, `elapsed_s` after the last look. A longer gap between two looks was the worker's own (it was
        frozen, or starved), and no fault of the engine: it counts as one second."""
        self.silent_s += min(elapsed_s, _LONGEST_LOOK_S)
        return self.silent_s > self.stall_s


def limit_bytes(setting_bytes: int | None, fresh_bytes: int) -> int | None:
    """Beyond how much host memory an engine is replaced by a fresh one; None: never. `fresh_bytes` is what it has after warm-up.

    Without a setting: half as much again, and 4 GiB for buffers that come with the first long batches. A setting of 0 means
    never; one that a fresh engine already exceeds would replace it for ever, and means never, too.
    """
    if setting_bytes is None:
        return fresh_bytes * 3 // 2 + 4 * GIB
    return setting_bytes if setting_bytes > fresh_bytes else None
