"""What the device reaches on plain work, measured in the same run as everything else."""

from collections.abc import Callable

import torch

from worker.bench.floor import Ceilings
from worker.bench.stopwatch import Stopwatch

_N = 8192
_REPEATS = 10


def measure_ceilings(device: torch.device) -> Ceilings:
    """A copy of 4 GiB and a bf16 product of 8192 × 8192 × 8192, on random numbers (zeros run faster than data). A CPU gets
    smaller ones."""
    n = _N if device.type == "cuda" else _N // 16
    dtype = torch.bfloat16 if device.type == "cuda" else torch.float32
    factors = [torch.randn(n, n, device=device, dtype=dtype) for _ in range(2)]
    source = torch.randn(16 * n * n if device.type == "cuda" else 4 * n * n, device=device)
    target = torch.empty_like(source)
    product_s = _seconds(device, lambda: factors[0] @ factors[1])
    copy_s = _seconds(device, lambda: target.copy_(source))
    return Ceilings(bytes_per_s=2 * source.numel() * source.element_size() / copy_s, flops_per_s=2 * n**3 / product_s)


def _seconds(device: torch.device, work: Callable[[], object]) -> float:
    for _ in range(3):
        work()
    watch = Stopwatch(device)
    with watch:
        for _ in range(_REPEATS):
            work()
    return watch.seconds() / _REPEATS
