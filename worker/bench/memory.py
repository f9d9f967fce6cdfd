"""The device's memory, as this process took it."""

import torch


def vram_gb() -> float:
    """The most that torch ever held, in units of 10⁹ bytes; 0 on a CPU."""
    return torch.cuda.max_memory_reserved() / 1e9 if torch.cuda.is_available() else 0.0


def forget_peak() -> None:
    """What was held so far and is not needed any more does not count."""
    if torch.cuda.is_available():
        torch.cuda.empty_cache()
        torch.cuda.reset_peak_memory_stats()
