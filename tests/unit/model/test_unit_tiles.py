"""Where a residual unit is one kernel, on each kind of GPU."""

import pytest

from worker.model.kernels.gpu.device_limits import H200, DeviceLimits
from worker.model.kernels.gpu.unit_tiles import TILES, suits

RTX_5090 = DeviceLimits(shared_bytes=99 * 1024, n_cores=170, has_boxes=True)
B200 = DeviceLimits(shared_bytes=227 * 1024, n_cores=148, has_boxes=True, sums_in_registers=False)


@pytest.mark.parametrize("n_channels", TILES)
def test_a_residual_unit_is_one_kernel_where_half_an_h200_has_something_to_do(n_channels: int) -> None:
    assert suits(rows=66, n_steps=1, n_channels=n_channels, limits=H200)
    assert suits(rows=1, n_steps=66 * 128, n_channels=n_channels, limits=H200)
    assert not suits(rows=65, n_steps=128, n_channels=n_channels, limits=H200)


def test_more_cores_want_more_programs() -> None:
    assert not suits(rows=66, n_steps=128, n_channels=96, limits=RTX_5090)
    assert suits(rows=85, n_steps=128, n_channels=96, limits=RTX_5090)


def test_a_residual_unit_that_does_not_fit_is_two_convolutions() -> None:
    assert {n_channels: suits(8, 81920, n_channels, RTX_5090) for n_channels in TILES} == {384: False, 192: True, 96: True}
    assert not suits(8, 81920, 768, H200)  # nor do so many channels fit into a program's registers


@pytest.mark.parametrize("n_channels", TILES)
def test_a_residual_unit_needs_its_sums_in_registers(n_channels: int) -> None:
    assert not suits(8, 81920, n_channels, B200)
