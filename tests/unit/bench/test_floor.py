"""The counted floor: bytes over bandwidth or operations over the tensor cores' rate, whichever is more."""

import pytest

from worker.bench.floor import Ceilings, count_floor
from worker.model.checkpoint import open_checkpoint
from worker.model.config import FRAME_RATE_HZ, CheckpointConfig
from worker.model.random_checkpoint import write_random_checkpoint

MEMORY_BOUND = Ceilings(bytes_per_s=1e9, flops_per_s=1e30)
COMPUTE_BOUND = Ceilings(bytes_per_s=1e30, flops_per_s=1e12)


@pytest.fixture(scope="module")
def config(tmp_path_factory: pytest.TempPathFactory) -> CheckpointConfig:
    folder = tmp_path_factory.mktemp("tiny")
    write_random_checkpoint(folder, size="tiny", kind="custom_voice")
    return open_checkpoint(folder).config


def test_each_position_of_each_row_costs_the_bytes_that_it_is_kept_in(config: CheckpointConfig) -> None:
    talker = config.talker
    numbers = talker.n_layers * 2 * talker.n_kv_heads * talker.head_dim
    for kept_bytes, counted in ((1, 1), (2, 2), (4, 2)):
        empty, full = (count_floor(config, MEMORY_BOUND, 8, n, kept_bytes=kept_bytes) for n in (0, 200))
        assert full.talker_s - empty.talker_s == pytest.approx(8 * 200 * numbers * counted / 1e9)
        assert (full.predictor_s, full.codec_s) == (empty.predictor_s, empty.codec_s)


def test_where_memory_is_the_bound_rows_share_the_weights_and_where_arithmetic_is_they_share_nothing(
        config: CheckpointConfig) -> None:
    one, many = (count_floor(config, MEMORY_BOUND, n, 0) for n in (1, 64))
    assert one.talker_s == many.talker_s
    one, many = (count_floor(config, COMPUTE_BOUND, n, 0) for n in (1, 64))
    assert many.frame_s == pytest.approx(64 * one.frame_s)


def test_times_real_time_is_the_sound_of_all_rows_over_the_time_of_a_frame(config: CheckpointConfig) -> None:
    floor = count_floor(config, MEMORY_BOUND, 4, 100)
    assert floor.times_realtime(4) == pytest.approx(4 / FRAME_RATE_HZ / (floor.predictor_s + floor.talker_s + floor.codec_s))
