"""Memory over time, and whether it grows. No torch."""

import math
import subprocess
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

MIB = 2**20
LEAST_GROWTH_MIB = {"engine": 16.0, "caller": 16.0, "gpu_allocated": 32.0, "gpu_reserved": 32.0, "gpu_used": 32.0}
"""Allocators come and go by as much. torch takes a GPU's memory in segments of 20 MiB; one more of them in the middle of what is
looked at is a slope of 30 MiB over all of it."""
N_BLOCKS = 8


@dataclass(frozen=True)
class Sample:
    """One look. MiB resident: the engine's process and ours (the caller's side: no torch). MiB of the GPU: what torch has handed
    out and what it holds, in the engine, and what the whole card has in use; NaN where there is none."""

    at_s: float
    engine: float
    caller: float
    gpu_allocated: float
    gpu_reserved: float
    gpu_used: float


SERIES = ("engine", "caller", "gpu_allocated", "gpu_reserved", "gpu_used")


@dataclass(frozen=True)
class Limit:
    """More than this is a leak."""

    mib_per_hour: float


@dataclass(frozen=True)
class Trend:
    """Of one series, MiB: at the first look, at the half, at the last one, and the most. `slope` of the second half, MiB an hour,
    give or take `spread` (two standard errors over the means of N_BLOCKS blocks); NaN where there is too little to tell."""

    name: str
    first: float
    half: float
    last: float
    most: float
    slope: float
    spread: float
    growth: float

    def grows(self, limit: Limit) -> bool:
        """Faster than the limit by more than its own spread, and by more than allocators come and go."""
        return self.slope - self.spread > limit.mib_per_hour and self.growth > LEAST_GROWTH_MIB[self.name]


def trends(samples: list[Sample]) -> list[Trend]:
    """Of each series that was ever known. The first looks may come before the engine's first word of itself."""
    at_h = np.array([sample.at_s for sample in samples]) / 3600   # [n_samples]
    found = []
    for name in SERIES:
        values = np.array([getattr(sample, name) for sample in samples])  # [n_samples], MiB
        known = np.isfinite(values)
        if known.any():
            found.append(_trend(name, at_h[known], values[known]))
    return found


def _trend(name: str, at_h: NDArray[np.float64], values: NDArray[np.float64]) -> Trend:
    half = len(values) // 2
    slope, spread = _slope(at_h[half:], values[half:])
    growth = slope * float(at_h[-1] - at_h[half])
    return Trend(name, float(values[0]), float(values[half]), float(values[-1]), float(values.max()), slope, spread, growth)


def _slope(at_h: NDArray[np.float64], values: NDArray[np.float64]) -> tuple[float, float]:
    """Least squares over block means: neighbouring looks see the same utterances, so they don't count as many."""
    if len(values) < 2 * N_BLOCKS:
        return math.nan, math.nan
    x = np.array([block.mean() for block in np.array_split(at_h, N_BLOCKS)])      # [N_BLOCKS]
    y = np.array([block.mean() for block in np.array_split(values, N_BLOCKS)])    # [N_BLOCKS]
    away = x - x.mean()
    slope = float(away @ y / (away @ away))
    left = y - y.mean() - slope * away
    return slope, 2 * math.sqrt(float(left @ left) / (N_BLOCKS - 2) / float(away @ away))


def gpu_used_mib() -> float:
    """Of the first card that nvidia-smi lists, all processes together; NaN where it lists none."""
    try:
        done = subprocess.run(["nvidia-smi", "--query-gpu=memory.used", "--format=csv,noheader,nounits"],
                              capture_output=True, text=True, timeout=10, check=True)
        return float(done.stdout.split()[0])
    except (OSError, subprocess.SubprocessError, ValueError, IndexError):
        return math.nan
