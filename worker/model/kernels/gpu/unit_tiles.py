"""How a residual unit in one kernel is cut into programs, and where that is not worth it. No torch."""

from dataclasses import dataclass

from worker.model.kernels.gpu.conv_tiles import BARRIER_BYTES
from worker.model.kernels.gpu.device_limits import DeviceLimits


@dataclass(frozen=True)
class UnitTiles:
    """A program makes `steps` × all channels, which are `left` + `right`, from `in_` input channels of a tap at a time; the
    second convolution's output `out` channels at a time. A thread has `n_registers` at most, where a core runs more programs at
    once for that."""

    steps: int
    left: int
    right: int
    in_: int
    out: int
    n_warps: int
    n_stages: int
    n_registers: int | None = None

    @property
    def shared_bytes(self) -> int:
        """At most, as of Tiles: the first loop's. The second loop's boxes take its place."""
        return 2 * self.n_stages * self.in_ * (self.steps + self.left + self.right) + BARRIER_BYTES


TILES = {
    384: UnitTiles(128, 256, 128, in_=64, out=64, n_warps=8, n_stages=3),
    192: UnitTiles(128, 128, 64, in_=64, out=64, n_warps=4, n_stages=2),
    96: UnitTiles(128, 64, 32, in_=32, out=32, n_warps=4, n_stages=4),
}
"""By channels. More of them don't fit into a program's registers."""


def suits(rows: int, n_steps: int, n_channels: int, limits: DeviceLimits) -> bool:
    """Whether it fits into programs of a device of these `limits`, and they are enough: with fewer than half its cores most of it
    would look on, while two convolutions can be cut into smaller programs. Sums that are not made in registers would have to be
    fetched into them, which takes shared memory and spills."""
    tiles = TILES.get(n_channels)
    if tiles is None or not limits.sums_in_registers or tiles.shared_bytes > limits.shared_bytes:
        return False
    return rows * -(-n_steps // tiles.steps) >= limits.n_cores // 2
