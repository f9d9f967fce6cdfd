"""How convolutions are cut into programs."""

import pytest

from worker.model.kernels.gpu.conv_tiles import EXACT, MENU, tiles_by_boxes, tiles_by_pointers

LAYERS = [(3, 512, 1024), (7, 1024, 1536), (2, 1536, 6144), (7, 768, 768), (1, 384, 384), (7, 192, 192), (2, 192, 288)]
"""Taps, channels in, channels out: the codec's."""


@pytest.mark.parametrize(("n_taps", "n_in", "n_out"), LAYERS)
@pytest.mark.parametrize("n_steps", [1, 40, 5000])
def test_a_tile_of_input_channels_never_reaches_into_the_next_tap(n_taps: int, n_in: int, n_out: int, n_steps: int) -> None:
    for tiles in (tiles_by_boxes(1, n_steps, n_taps, n_in, n_out), tiles_by_pointers(n_in, n_out, exact=False)):
        assert n_in % tiles.in_ == 0


def test_float32_is_cut_alike_whatever_the_batch_so_that_its_sums_are_the_same() -> None:
    assert tiles_by_pointers(768, 768, exact=True) == EXACT


def test_one_channel_out_takes_the_narrowest_product() -> None:
    assert tiles_by_pointers(96, 1, exact=False).out == 16


def test_a_chunk_of_two_frames_is_spread_over_more_programs_than_a_batch_would_be() -> None:
    chunk, batch = tiles_by_boxes(1, 64, 7, 768, 768), tiles_by_boxes(8, 4096, 7, 768, 768)
    assert chunk.out < batch.out
    assert chunk.steps < batch.steps


def test_192_channels_are_multiplied_without_padding() -> None:
    assert tiles_by_boxes(8, 81920, 7, 192, 192).out == 192


def test_every_tile_fits_into_a_core() -> None:
    assert all(tiles.shared_bytes <= 227 * 1024 for tiles in MENU)
