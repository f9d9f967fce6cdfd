"""How convolutions are cut into programs, on each kind of GPU."""

from dataclasses import replace

import pytest
import torch

from worker.model.kernels.gpu.conv_tiles import EXACT, MENU, PLAIN, Size, Tiles, tiles_by_boxes, tiles_by_pointers
from worker.model.kernels.gpu.device_limits import H200, DeviceLimits, limits_of

RTX_5090 = DeviceLimits(shared_bytes=99 * 1024, n_cores=170, has_boxes=True)
RTX_3090 = DeviceLimits(shared_bytes=99 * 1024, n_cores=82, has_boxes=False)

WIDEST, THIRDS, WIDE, TALL, SMALL, LEAST = MENU
LAYERS: dict[tuple[int, int, int, int], tuple[Tiles, Tiles, Tiles]] = {
    # taps, channels in and out, steps a frame: on an H200 for eight rows of 128 frames, for one of two; on an RTX 5090 for eight
    (3, 512, 1024, 1): (TALL, LEAST, TALL),
    (1, 1024, 2048, 1): (WIDE, LEAST, WIDE),
    (1, 1024, 2048, 2): (WIDEST, LEAST, WIDE),
    (7, 1024, 1536, 4): (WIDE, LEAST, TALL),
    (2, 1536, 6144, 4): (WIDEST, SMALL, WIDE),
    (7, 768, 768, 32): (WIDEST, LEAST, WIDE),
    (1, 768, 768, 32): (WIDE, LEAST, WIDE),
    (2, 768, 1920, 32): (WIDEST, LEAST, WIDE),
    (7, 384, 384, 160): (WIDE, LEAST, WIDE),
    (1, 384, 384, 160): (WIDE, LEAST, WIDE),
    (2, 384, 768, 160): (WIDE, LEAST, WIDE),
    (7, 192, 192, 640): (THIRDS, LEAST, WIDE),
    (1, 192, 192, 640): (WIDE, LEAST, SMALL),
    (2, 192, 288, 640): (WIDE, SMALL, WIDE),
    (7, 96, 96, 1920): (replace(WIDE, in_=32), replace(SMALL, in_=32), replace(WIDE, in_=32)),
    (1, 96, 96, 1920): (replace(WIDE, in_=32), replace(SMALL, in_=32), replace(WIDE, in_=32)),
}
"""The codec's, all but the last, whose one channel is read by pointers."""


def size_of(layer: tuple[int, int, int, int], rows: int, n_frames: int) -> Size:
    n_taps, n_in, n_out, steps_a_frame = layer
    return Size(rows, n_frames * steps_a_frame, n_taps, n_in, n_out)


@pytest.mark.parametrize("layer", LAYERS, ids=str)
def test_an_h200_cuts_each_layer_as_was_measured_to_be_quickest(layer: tuple[int, int, int, int]) -> None:
    batch, chunk, _ = LAYERS[layer]
    assert tiles_by_boxes(size_of(layer, rows=8, n_frames=128), H200) == batch
    assert tiles_by_boxes(size_of(layer, rows=1, n_frames=2), H200) == chunk


@pytest.mark.parametrize("layer", LAYERS, ids=str)
def test_a_gpu_of_less_shared_memory_takes_smaller_tiles(layer: tuple[int, int, int, int]) -> None:
    assert tiles_by_boxes(size_of(layer, rows=8, n_frames=128), RTX_5090) == LAYERS[layer][2]


@pytest.mark.parametrize("layer", LAYERS, ids=str)
@pytest.mark.parametrize("limits", [H200, RTX_5090], ids=["H200", "RTX 5090"])
@pytest.mark.parametrize("n_frames", [1, 2, 8, 128, 325])
def test_tiles_by_boxes_fit_beside_their_barriers(layer: tuple[int, int, int, int], limits: DeviceLimits, n_frames: int) -> None:
    for rows in (1, 8, 64):
        tiles = tiles_by_boxes(size_of(layer, rows, n_frames), limits)
        assert tiles is not None
        assert tiles.shared_bytes + 8 * 2 * tiles.n_stages <= limits.shared_bytes


def test_where_no_tiles_fit_nothing_is_read_by_boxes() -> None:
    assert tiles_by_boxes(Size(1, 64, 7, 768, 768), replace(RTX_5090, shared_bytes=48 * 1024)) is None


def test_tiles_by_pointers_fit_into_any_gpu_that_the_kernels_serve() -> None:
    assert PLAIN.shared_bytes <= RTX_3090.shared_bytes
    assert 2 * EXACT.shared_bytes <= RTX_3090.shared_bytes  # float32


@pytest.mark.parametrize(("n_taps", "n_in", "n_out", "steps_a_frame"), LAYERS)
@pytest.mark.parametrize("n_steps", [1, 40, 5000])
@pytest.mark.parametrize("limits", [H200, RTX_5090], ids=["H200", "RTX 5090"])
def test_a_tile_of_input_channels_never_reaches_into_the_next_tap(
    n_taps: int, n_in: int, n_out: int, steps_a_frame: int, n_steps: int, limits: DeviceLimits
) -> None:
    boxed = tiles_by_boxes(Size(1, n_steps, n_taps, n_in, n_out), limits)
    assert boxed is not None
    assert n_in % boxed.in_ == 0
    assert n_in % tiles_by_pointers(n_in, n_out, exact=False).in_ == 0


def test_float32_is_cut_alike_whatever_the_batch_so_that_its_sums_are_the_same() -> None:
    assert tiles_by_pointers(768, 768, exact=True) == EXACT


def test_one_channel_out_takes_the_narrowest_product() -> None:
    assert tiles_by_pointers(96, 1, exact=False).out == 16


def test_192_channels_are_multiplied_without_padding() -> None:
    tiles = tiles_by_boxes(Size(8, 81920, 7, 192, 192), H200)
    assert tiles is not None
    assert tiles.out == 192


def test_kernels_without_a_gpu_are_cut_as_for_an_h200() -> None:
    assert limits_of(torch.device("cpu")) == H200
