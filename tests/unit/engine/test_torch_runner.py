"""The runner on a tiny checkpoint: what an utterance says depends on nothing but itself."""

from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from tests.unit.model.random_prompts import random_prompt
from worker.engine.buckets import prompt_buckets
from worker.engine.graphs import Graphs, Size
from worker.engine.memory import memory_bytes_per_slot
from worker.engine.options import EngineOptions
from worker.engine.runner import Join, Runner
from worker.engine.torch_runner import TorchRunner, open_runner
from worker.engine.torch_setup import Placement
from worker.model.checkpoint import open_checkpoint
from worker.model.errors import TooLittleMemory
from worker.model.kernels.kept import FLOAT8
from worker.model.network import Network
from worker.model.random_checkpoint import write_random_checkpoint
from worker.model.sampling import GREEDY, Draw, Sampling

CPU = Placement(torch.device("cpu"), torch.float32)
POSITIONS = 96
N_SLOTS = 6

SAMPLINGS = (
    Sampling(),
    Sampling(talker=Draw(1.2, 20, 0.9), predictor=Draw(0.7, 0, 1.0), repetition_penalty=1.2),
    Sampling(talker=GREEDY, predictor=GREEDY),
)


@pytest.fixture(scope="module")
def options(tmp_path_factory: pytest.TempPathFactory) -> EngineOptions:
    folder = tmp_path_factory.mktemp("tiny")
    write_random_checkpoint(folder, size="tiny", kind="base")
    return EngineOptions(folder, n_slots=1, slot_positions=8)


@pytest.fixture(scope="module")
def network(options: EngineOptions) -> Network:
    return network_of(options)


@pytest.fixture(scope="module")
def float8(options: EngineOptions) -> Network:
    """The same weights; keys and values in float8."""
    return network_of(replace(options, kv_dtype="float8"))


def network_of(options: EngineOptions) -> Network:
    checkpoint = open_checkpoint(options.checkpoint)
    return open_runner(checkpoint.config, checkpoint.main(CPU.device, CPU.dtype), options, CPU).network


def runner_of(network: Network, *, n_slots: int = N_SLOTS, slot_positions: int = POSITIONS) -> TorchRunner:
    return TorchRunner(network, EngineOptions(Path(), n_slots=n_slots, slot_positions=slot_positions))


@pytest.fixture
def runner(network: Network) -> TorchRunner:
    return runner_of(network)


def join(runner: TorchRunner, slot: int, seed: int, *, n_positions: int | None = None) -> Join:
    sampling = SAMPLINGS[seed % len(SAMPLINGS)]
    prompt = random_prompt(runner.network.config, seed, n_positions=n_positions)
    return Join(slot, prompt, Sampling(sampling.talker, sampling.predictor, sampling.repetition_penalty, seed=seed))


def speak(runner: TorchRunner, slots: Sequence[int], n_frames: int) -> NDArray[np.int32]:
    """[frames, rows, 16]"""
    frames = [runner.decode(slots).wait() for _ in range(n_frames)]
    assert not any(frame.broken.any() for frame in frames)
    return np.stack([frame.codes for frame in frames])


def spoken_alone(network: Network, seed: int, n_frames: int) -> NDArray[np.int32]:
    """[frames, 16]"""
    runner = runner_of(network, n_slots=1)
    runner.prefill([join(runner, 0, seed)])
    return speak(runner, [0], n_frames)[:, 0]


def test_it_is_a_runner(runner: TorchRunner) -> None:
    seen_as: Runner = runner
    assert (seen_as.n_slots, seen_as.slot_positions) == (N_SLOTS, POSITIONS)
    assert seen_as.end_code == runner.network.config.tokens.codec_eos
    assert seen_as.prefill_batch == 4


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_an_utterance_that_joins_late_in_a_full_batch_says_what_it_says_alone(
    network: Network, runner: TorchRunner, seed: int
) -> None:
    runner.prefill([join(runner, slot, 10 + slot) for slot in (0, 1, 3, 4)])
    speak(runner, [4, 0, 1, 3], 3)
    runner.prefill([join(runner, 2, seed), join(runner, 5, 15)])
    frames = speak(runner, [5, 4, 3, 2, 1, 0], 6)
    assert np.array_equal(frames[:, 3], spoken_alone(network, seed, 6))
    assert np.array_equal(frames[:, 5], spoken_alone(network, 10, 9)[3:])


def test_an_utterance_may_pause_while_others_go_on(network: Network, runner: TorchRunner) -> None:
    runner.prefill([join(runner, 0, 20), join(runner, 1, 21)])
    before = speak(runner, [0, 1], 2)[:, 0]
    speak(runner, [1], 3)
    assert np.array_equal(np.concatenate([before, speak(runner, [0, 1], 2)[:, 0]]), spoken_alone(network, 20, 4))


def test_a_slot_cancelled_in_the_middle_is_as_new_for_the_next(network: Network, runner: TorchRunner) -> None:
    runner.prefill([join(runner, 0, 30, n_positions=40), join(runner, 1, 31)])
    speak(runner, [0, 1], 5)
    runner.decode([0, 1])  # a frame of the cancelled one is still in flight
    runner.prefill([join(runner, 0, 32)])
    assert np.array_equal(speak(runner, [1, 0], 8)[:, 1], spoken_alone(network, 32, 8))


def test_nan_in_one_slot_reaches_neither_its_neighbours_nor_the_next_occupant(network: Network, runner: TorchRunner) -> None:
    runner.prefill([join(runner, slot, 40 + slot) for slot in range(3)])
    runner.slots.talker_cache.kv[:, :, 1] = torch.nan
    frames = [runner.decode([0, 1, 2]).wait() for _ in range(4)]
    assert [frame.broken.tolist() for frame in frames] == [[False, True, False]] * 4
    assert np.array_equal([frame.codes[2] for frame in frames], spoken_alone(network, 42, 4))
    runner.prefill([join(runner, 1, 43)])
    assert np.array_equal(speak(runner, [1, 2], 6)[:, 0], spoken_alone(network, 43, 6))


def test_nan_in_a_prompt_breaks_that_utterance_alone(network: Network, runner: TorchRunner) -> None:
    speaker = np.full(network.config.talker.hidden_size, np.nan, np.float32)
    prompt = random_prompt(network.config, 50)
    bad = Join(0, type(prompt)(prompt.text_ids, prompt.code_ids, speaker=speaker, speaker_at=1), Sampling())
    runner.prefill([bad, join(runner, 1, 51)])
    frames = runner.decode([0, 1]).wait()
    assert frames.broken.tolist() == [True, False]
    assert np.array_equal(frames.codes[1], spoken_alone(network, 51, 1)[0])


def test_no_frame_is_written_past_a_slots_last_position(network: Network) -> None:
    runner = runner_of(network, slot_positions=16)
    runner.prefill([join(runner, 0, 60, n_positions=12), join(runner, 1, 61, n_positions=3)])
    first = speak(runner, [1], 2)
    neighbour = runner.slots.talker_cache.kv[:, :, 1].clone()
    for _ in range(10):
        runner.decode([0]).wait()
    assert runner.slots.state.position.tolist()[:2] == [15, 5]
    assert torch.equal(runner.slots.talker_cache.kv[:, :, 1], neighbour)
    alone = runner_of(network, n_slots=1)
    alone.prefill([join(alone, 0, 61, n_positions=3)])
    assert np.array_equal(np.concatenate([first, speak(runner, [1], 2)]), speak(alone, [0], 4))


def test_launches_may_be_read_late_and_in_any_order(network: Network, runner: TorchRunner) -> None:
    runner.prefill([join(runner, 0, 70), join(runner, 1, 71)])
    launches = [runner.decode([0, 1] if i % 2 else [1, 0]) for i in range(9)]
    codes = {i: launches[i].wait().codes[int(i % 2 == 0)] for i in (8, 2, 0, 1, 3, 7, 6, 5, 4)}
    expected = spoken_alone(network, 70, 9)
    assert all(np.array_equal(codes[i], expected[i]) for i in range(9))


def test_code_0_of_a_frame_is_what_the_frame_before_announced(runner: TorchRunner) -> None:
    runner.prefill([join(runner, 0, 80), join(runner, 1, 81)])
    frames = [runner.decode([0, 1]).wait() for _ in range(5)]
    for before, after in pairwise(frames):
        assert np.array_equal(before.next_code, after.codes[:, 0])


def test_a_seed_repeats_and_another_differs(network: Network, runner: TorchRunner) -> None:
    prompt = random_prompt(network.config, 90)
    runner.prefill([Join(slot, prompt, Sampling(seed=seed)) for slot, seed in enumerate((2**62 + 1, 2**62 + 1, 2**62))])
    frames = speak(runner, [0, 1, 2], 6)
    assert np.array_equal(frames[:, 0], frames[:, 1])
    assert not np.array_equal(frames[:, 0], frames[:, 2])


def test_long_and_short_prompts_join_in_one_call(network: Network) -> None:
    runner = runner_of(network, n_slots=8, slot_positions=400)
    joins = [join(runner, slot, 100 + slot, n_positions=n) for slot, n in enumerate((5, 300, 40, 120, 7, 260, 9, 33))]
    runner.prefill(joins)
    frames = speak(runner, range(8), 3)
    for joined in joins:
        alone = runner_of(network, n_slots=1, slot_positions=400)
        alone.prefill([Join(0, joined.prompt, joined.sampling)])
        assert np.array_equal(frames[:, joined.slot], speak(alone, [0], 3)[:, 0])


def test_trailing_text_longer_than_the_slot_is_heard_as_far_as_there_are_frames(network: Network) -> None:
    prompt = random_prompt(network.config, 110, n_positions=6)
    spoken = []
    for slot_positions, n_trailing in ((16, 40), (96, 40)):
        runner = runner_of(network, n_slots=1, slot_positions=slot_positions)
        trailing = np.arange(1000, 1000 + n_trailing, dtype=np.int32)
        runner.prefill([Join(0, type(prompt)(prompt.text_ids, prompt.code_ids, trailing), Sampling())])
        spoken.append(speak(runner, [0], 9))
    assert np.array_equal(spoken[0], spoken[1])


class FixedSizes(Graphs[Size]):
    """Work in a few sizes only, as graphs would have it, but run as it is."""

    fixed: Sequence[Size]

    @property
    def sizes(self) -> list[Size]:
        return list(self.fixed)


@pytest.mark.parametrize("rows", [(1, 2, 4), (4,), (8,)])
def test_launches_padded_or_cut_to_the_sizes_there_are_say_the_same(network: Network, rows: Sequence[int]) -> None:
    runner = runner_of(network, n_slots=8)
    runner._frame_graphs = FixedSizes(None, None, runner._compute_frame)
    runner._frame_graphs.fixed = rows
    runner._prompt_graphs = FixedSizes(None, None, runner._compute_prompts)
    runner._prompt_graphs.fixed = prompt_buckets(8, POSITIONS)
    runner.prefill([join(runner, slot, 130 + slot) for slot in (7, 2, 5)])
    runner.prefill([join(runner, slot, 130 + slot) for slot in (0, 1, 3, 4)])
    frames = speak(runner, [0, 1, 2, 3, 4, 5, 7], 3)
    plain = runner_of(network, n_slots=8)
    for slot in (0, 1, 2, 3, 4, 5, 7):
        plain.prefill([join(plain, slot, 130 + slot)])
    assert np.array_equal(frames, speak(plain, [0, 1, 2, 3, 4, 5, 7], 3))


def test_warming_up_changes_nothing_that_is_said(network: Network, runner: TorchRunner) -> None:
    runner.warm_up()
    runner.prefill([join(runner, 3, 120)])
    assert np.array_equal(speak(runner, [3], 3)[:, 0], spoken_alone(network, 120, 3))


def test_slots_that_do_not_fit_are_refused_with_how_many_would(network: Network) -> None:
    with pytest.raises(TooLittleMemory, match=r"n_slots: 100000000 slots of 4096 .* \d+ slots of that length would fit"):
        runner_of(network, n_slots=100_000_000, slot_positions=4096)


def test_keys_and_values_in_float8_are_near_and_take_a_quarter_of_float32(network: Network, float8: Network) -> None:
    hidden = []
    for each in (network, float8):
        runner = runner_of(each)
        runner.prefill([join(runner, 2, 7)])
        exact = runner.slots.state.hidden[2].clone()
        codes = runner.decode([2]).wait().codes
        hidden.append((exact, codes, runner.slots.state.hidden[2], runner.slots.talker_cache.kv.nbytes))
    (prompt, codes, frame, n_bytes), (prompt8, codes8, frame8, n_bytes8) = hidden
    assert torch.equal(prompt, prompt8), "a prompt attends to itself unrounded"
    assert np.array_equal(codes, codes8)
    assert 0 < float((frame - frame8).norm() / frame.norm()) < 0.05
    assert n_bytes == 4 * n_bytes8


@pytest.mark.parametrize("seed", [1, 2])
def test_an_utterance_in_float8_says_in_company_what_it_says_alone(float8: Network, seed: int) -> None:
    runner = runner_of(float8)
    runner.prefill([join(runner, slot, 10 + slot) for slot in (0, 1, 3, 4)])
    speak(runner, [4, 0, 1, 3], 3)
    runner.prefill([join(runner, 2, seed)])
    assert np.array_equal(speak(runner, [4, 3, 2, 1, 0], 6)[:, 2], spoken_alone(float8, seed, 6))


@pytest.mark.parametrize("kept", [torch.float32, FLOAT8], ids=str)
def test_what_a_slot_costs_is_what_it_takes(network: Network, float8: Network, kept: torch.dtype) -> None:
    slots = (float8 if kept == FLOAT8 else network).slots(3, POSITIONS)
    draws = [tensor for draw in (slots.state.talker_draw, slots.state.predictor_draw) for tensor in vars(draw).values()]
    state = [tensor for tensor in vars(slots.state).values() if isinstance(tensor, torch.Tensor)] + draws
    taken = sum(tensor.nbytes for tensor in [slots.talker_cache.kv, slots.predictor_cache.kv, *state])
    assert taken == pytest.approx(4 * memory_bytes_per_slot(network.config, POSITIONS, torch.float32, kept), rel=1e-3)
