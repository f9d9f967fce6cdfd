# mypy: disable-error-code="import-untyped"
"""GPUs that are not there: what Triton and our own choice of tiles ask one for."""

from dataclasses import dataclass
from types import SimpleNamespace

import torch
from triton.backends.compiler import GPUTarget

from worker.model.kernels.gpu.device_limits import WITH_TENSOR_MEMORY, DeviceLimits

HERE = torch.device("meta")
"""Where the tensors of a card lie that is not there: they have shapes, and nothing is computed."""


@dataclass(frozen=True)
class Card:
    """`shared_kib` of shared memory is the most that a program may have (CUDA programming guide, "Technical specifications per
    compute capability")."""

    capability: tuple[int, int]
    shared_kib: int
    n_cores: int

    @property
    def limits(self) -> DeviceLimits:
        major = self.capability[0]
        return DeviceLimits(self.shared_kib * 1024, self.n_cores, has_boxes=major >= 9,
                            sums_in_registers=major not in WITH_TENSOR_MEMORY)


CARDS = {
    "A100": Card((8, 0), 163, 108),
    "RTX-3090": Card((8, 6), 99, 82),
    "RTX-4090": Card((8, 9), 99, 128),
    "H200": Card((9, 0), 227, 132),
    "B200": Card((10, 0), 227, 148),
    "RTX-5090": Card((12, 0), 99, 170),
}


class Driver:
    """As much of Triton's driver as it takes to compile for a card."""

    def __init__(self, card: Card) -> None:
        major, minor = card.capability
        self._target = GPUTarget("cuda", 10 * major + minor, 32)
        properties = {"max_shared_mem": card.shared_kib * 1024, "multiprocessor_count": card.n_cores}
        self.utils = SimpleNamespace(get_device_properties=lambda _: properties)

    def get_current_target(self) -> GPUTarget:
        return self._target

    def get_current_device(self) -> int:
        return 0

    def get_current_stream(self, _: int) -> int:
        return 0
