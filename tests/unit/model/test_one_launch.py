"""The frame in one launch, on an emulated GPU: it draws what kernel after kernel draws."""

from copy import copy
from pathlib import Path

import pytest
import torch
from torch import Tensor

from tests.emulated_gpu.emulator import EmulatedGpu
from tests.unit.model.conftest import TinyCheckpoint
from tests.unit.model.emulated_predictor import BFLOAT16, N_SLOTS, Emulated, emulated, random_state
from worker.model.kernels.gpu.one_launch.arguments import Opening, arguments
from worker.model.kernels.gpu.one_launch.nvrtc import SOURCES
from worker.model.kernels.gpu.one_launch.one_launch import OneLaunch
from worker.model.kernels.gpu.one_launch.sizes import sizes_of
from worker.model.kernels.linear import norm_linear
from worker.model.kernels.sampling import draw_predictor_code
from worker.model.slot_state import LOST, SlotState
from worker.model.stack import Cache

ROWS = torch.tensor([3, 0, 7, 12, 1, 15, 9, 2, 4, 11, 6], dtype=torch.int32)  # eleven of the kernel's sixteen
VOCABULARY = 2048


@pytest.fixture(scope="module")
def two_codes(tiny_checkpoint: TinyCheckpoint, tmp_path_factory: pytest.TempPathFactory) -> Emulated:
    return emulated(tiny_checkpoint("custom_voice"), tmp_path_factory.mktemp("two"), n_layers=1, n_codes=2, n_rows=16)


def test_a_frame_in_one_launch_is_a_frame_kernel_after_kernel(tiny_checkpoint: TinyCheckpoint, tmp_path: Path) -> None:
    both = emulated(tiny_checkpoint("custom_voice"), tmp_path, n_layers=2, n_codes=3, n_rows=16)
    state, caches = random_state(both.config), [both.at_once.cache(N_SLOTS + 1) for _ in range(2)]
    codes = both.at_once.predict(state, caches[0], ROWS)
    buffers = both.launch.fixed.buffers
    logits = buffers.logits[: len(ROWS)].clone()

    assert codes[:, 0].tolist() == state.next_code[ROWS.long()].tolist()
    expected = last_logits(both, state, codes, caches[1])
    assert float((logits.float() - expected).norm() / expected.norm()) < 2e-2
    assert codes[:, 2].tolist() == drawn(logits, state, 2).tolist()
    torch.testing.assert_close(caches[0].kv[:, :, :11], caches[1].kv[:, :, :11], rtol=5e-2, atol=5e-2)
    assert not caches[0].kv[:, :, 11:].any()
    assert not state.broken.any()
    assert not buffers.trouble.any()

    assert torch.equal(both.at_once.predict(state, caches[0], ROWS), codes)
    assert torch.equal(buffers.logits[: len(ROWS)], logits)


def last_logits(both: Emulated, state: SlotState, codes: Tensor, cache: Cache) -> Tensor:
    """[rows, vocabulary] float32 of the last code, kernel after kernel, when the codes before it are `codes`."""
    predictor, stack = both.one_by_one, both.one_by_one.stack
    projection, inputs = predictor.tables.projection, predictor.tables.predictor_inputs
    assert projection is not None
    x = torch.cat([projection(state.hidden[ROWS.long()]), inputs[0][codes[:, 0].long()]])
    stack.step_in_frame(x, cache, range(2))
    x = stack.step_in_frame(inputs[1][codes[:, 1].long()], cache, range(2, 3))
    return norm_linear(x, stack.norm, predictor.heads[1], stack.config.rms_norm_eps).float()


def drawn(logits: Tensor, state: SlotState, place: int, rows: Tensor = ROWS) -> Tensor:
    code = torch.empty(len(rows), dtype=torch.int32)
    draw_predictor_code(logits, rows, state.predictor_draw, state.seed, state.step, place, code, state.broken, None)
    return code


def test_a_row_without_numbers_breaks_its_utterance_alone(two_codes: Emulated) -> None:
    state, cache = random_state(two_codes.config), two_codes.at_once.cache(N_SLOTS + 1)
    whole = two_codes.at_once.predict(state, cache, ROWS)
    state.hidden[7] = torch.nan
    codes = two_codes.at_once.predict(state, cache, ROWS)
    others = ROWS != 7
    assert torch.equal(codes[others], whole[others])
    assert state.broken.nonzero().tolist() == [[7]]
    assert state.broken[7] == 1
    assert codes[ROWS == 7].tolist() == [[int(state.next_code[7]), 0]]


def test_blocks_that_wait_in_vain_lose_their_rows_and_say_so(two_codes: Emulated) -> None:
    state, cache = random_state(two_codes.config), two_codes.at_once.cache(N_SLOTS + 1)
    whole = two_codes.at_once.predict(state, cache, ROWS)
    fixed, rows = two_codes.launch.fixed, torch.zeros(len(ROWS), 1024, dtype=BFLOAT16)
    codes = torch.zeros(len(ROWS), 2, dtype=torch.int32)
    fixed.buffers.meetings.zero_()
    frame = arguments(fixed, Opening(rows, rows), state, cache, ROWS, codes)
    two_codes.gpu.run(frame, silent_block=5)
    assert fixed.buffers.trouble[0] != 0
    assert state.broken.nonzero().flatten().tolist() == sorted(ROWS.tolist())
    assert set(state.broken[ROWS.long()].tolist()) == {LOST}

    state.broken.zero_()
    assert torch.equal(two_codes.at_once.predict(state, cache, ROWS), whole)
    assert not state.broken.any()


def test_fewer_rows_than_pay_go_kernel_after_kernel(two_codes: Emulated) -> None:
    assert [n for n in (1, 8, 9, 16, 17) if two_codes.launch.takes(n)] == [9, 16]


RULES = [(temperature, top_k, top_p) for temperature in (0.0, 0.9, 1.7) for top_k in (0, 1, 50) for top_p in (0.3, 0.9, 1.0)]


@pytest.mark.parametrize("kind", ["random", "ties", "steep", "odd"])
def test_draws_are_those_of_the_torch_twin(two_codes: Emulated, kind: str) -> None:
    n = 4 * len(RULES)
    state, logits = random_state(two_codes.config, n), logits_of(kind, n)
    for of_slot, column in zip(vars(state.predictor_draw).values(), zip(*(RULES * 4), strict=True), strict=True):
        of_slot[:n] = torch.tensor(column)
    slots = torch.arange(n, dtype=torch.int32)
    codes, ours, cache = torch.zeros(n, 2, dtype=torch.int32), logits.clone(), two_codes.at_once.cache(1)
    frame = arguments(two_codes.launch.fixed, Opening(logits, logits), state, cache, slots, codes)
    frame.logits = ours.data_ptr()
    assert two_codes.gpu.draw_codes_1(frame) == 0
    broken = state.broken.clone()
    state.broken.zero_()
    expected = drawn(logits, state, 1, slots)
    assert codes[:, 1].tolist() == expected.tolist()
    assert broken.tolist() == state.broken.tolist()
    assert bool(broken.any()) == (kind == "odd")


def logits_of(kind: str, n: int) -> Tensor:
    """[n, vocabulary] bfloat16. Ties: few values, each many times. Odd: NaN, +∞ and −∞, one of them and everywhere."""
    logits = 3 * torch.randn(n, VOCABULARY, generator=torch.Generator().manual_seed(2))
    if kind == "ties":
        logits = logits.round()
    if kind == "steep":
        logits *= 20
    if kind == "odd":
        logits[0::4, 77], logits[1::4, 2047], logits[2::4] = torch.nan, torch.inf, -torch.inf
        logits[3::4, 5:] = -torch.inf
    return logits.to(BFLOAT16)


def test_wgmma_is_given_addresses_without_the_blocks_place_in_its_cluster(two_codes: Emulated, tmp_path: Path) -> None:
    """It stands in their high bits, for which a descriptor has no room: without the mask everything is read from elsewhere."""
    sources = tmp_path / "cuda"
    sources.mkdir()
    for source in SOURCES.iterdir():
        (sources / source.name).write_text(source.read_text().replace("(at & 0x3ffff) >> 4", "at >> 4"))
    unmasked = copy(two_codes.at_once)
    unmasked.one_launch = OneLaunch({16: EmulatedGpu(sizes_of(two_codes.config), 16, tmp_path, sources)}, two_codes.launch.fixed)
    state, cache = random_state(two_codes.config), two_codes.at_once.cache(N_SLOTS + 1)
    whole = two_codes.at_once.predict(state, cache, ROWS)
    assert not torch.equal(unmasked.predict(state, cache, ROWS), whole)
