"""How a convolution's output is cut into programs. No torch."""

from dataclasses import dataclass, replace

from worker.model.kernels.gpu.device_limits import DeviceLimits

NARROWEST = 16
"""What tl.dot takes."""

BARRIER_BYTES = 256
"""Beside a program's tiles in shared memory: of each box in flight, 8 bytes say whether it has come. 56 were the most."""


@dataclass(frozen=True)
class Size:
    """Of a convolution of `n_taps` from `n_in` to `n_out` channels over `rows` of `n_steps` each."""

    rows: int
    n_steps: int
    n_taps: int
    n_in: int
    n_out: int


@dataclass(frozen=True)
class Tiles:
    """One program computes `steps` × (`left` + `right`) of the output, `in_` input channels of one tap at a time. Its columns
    come in two parts because a product is a power of two wide, and 192 channels are not; `right` may be 0."""

    steps: int
    left: int
    right: int
    in_: int
    n_warps: int
    n_stages: int

    @property
    def out(self) -> int:
        return self.left + self.right

    @property
    def shared_bytes(self) -> int:
        """At most, in half precision: cores that multiply from registers (8.0 to 8.9, 12.0) hold one stage less."""
        return 2 * self.n_stages * self.in_ * (self.steps + self.out)


EXACT = Tiles(64, 128, 0, 32, n_warps=8, n_stages=3)
"""In float32, which no tensor core multiplies exactly. Always the same, so that an utterance sounds the same in any company."""

PLAIN = Tiles(128, 128, 0, 64, n_warps=8, n_stages=3)
"""In half precision by pointers."""

MENU = (
    Tiles(128, 256, 0, 64, n_warps=8, n_stages=4),
    Tiles(128, 128, 64, 64, n_warps=8, n_stages=3),
    Tiles(128, 128, 0, 64, n_warps=8, n_stages=3),
    Tiles(64, 128, 0, 64, n_warps=4, n_stages=4),
    Tiles(64, 64, 0, 64, n_warps=4, n_stages=4),
    Tiles(64, 32, 0, 64, n_warps=4, n_stages=6),
)
"""In half precision by boxes. Few, because each is compiled for each layer that uses it."""


def tiles_by_pointers(n_in: int, n_out: int, *, exact: bool) -> Tiles:
    """For a convolution of `n_in` to `n_out` channels, `exact` in float32."""
    usual = EXACT if exact else PLAIN
    left = min(usual.left, max(NARROWEST, _next_power_of_2(n_out)))
    return replace(usual, left=left, in_=_in(usual, n_in))


def tiles_by_boxes(size: Size, limits: DeviceLimits) -> Tiles | None:
    """The quickest for a convolution on a device of these `limits`; None where none of the menu fits into it."""
    fitting = [tiles for tiles in MENU if _held_bytes(tiles, size.n_in) <= limits.shared_bytes]
    if not fitting:
        return None
    quickest = min(fitting, key=lambda tiles: cycles(tiles, size, limits))
    return replace(quickest, in_=_in(quickest, size.n_in))


def cycles(tiles: Tiles, size: Size, limits: DeviceLimits) -> int:
    """What a core needs for its share of a convolution: an estimate that only compares tiles. A Hopper core multiplies 2048
    pairs and moves 128 bytes of shared memory a cycle, and the slower of the two counts: its products are 64 steps × 16 channels
    at once, and each reads its own operands. What follows the products, eight outputs a cycle, costs nothing where another
    program multiplies meanwhile. Cores of other GPUs differ, and there the choice is a little off, and nothing else."""
    n_products = size.n_taps * size.n_in  # that an output is the sum of
    n_programs = size.rows * -(-size.n_steps // tiles.steps) * -(-size.n_out // tiles.out)
    n_parts = 2 if tiles.right else 1
    multiplied = tiles.steps * tiles.out // 32  # for 64 products
    written = tiles.steps + tiles.out
    read = tiles.steps // 16 * (16 * n_parts + tiles.out // 4)
    alone = 2 * tiles.shared_bytes > limits.shared_bytes
    program = max(multiplied, written + read) * n_products // 64 + alone * tiles.steps * tiles.out // 8
    return -(-n_programs // limits.n_cores) * program


def _held_bytes(tiles: Tiles, n_in: int) -> int:
    return replace(tiles, in_=_in(tiles, n_in)).shared_bytes + BARRIER_BYTES


def _in(tiles: Tiles, n_in: int) -> int:
    divisor = n_in & -n_in  # the largest power of two in it: then no tile of a tap holds another tap's channels
    return min(tiles.in_, divisor if divisor >= NARROWEST else max(NARROWEST, _next_power_of_2(n_in)))


def _next_power_of_2(n: int) -> int:
    return 1 << (n - 1).bit_length()
