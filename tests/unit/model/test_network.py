"""The network against plain full attention over the same weights, and what a batch must not change."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file
from torch import Tensor

from tests.unit.model.plain_network import PlainNetwork
from tests.unit.model.random_prompts import random_prompt
from worker.engine.launches import write_prompts
from worker.engine.runner import Join
from worker.model.attention import ENGINE, Attention, sdpa_decode
from worker.model.checkpoint import open_checkpoint
from worker.model.config import CheckpointConfig
from worker.model.network import Network, Slots
from worker.model.prompt_batch import PromptBuffer, PromptRows, batch_room
from worker.model.random_checkpoint import write_random_checkpoint
from worker.model.sampling import GREEDY, Sampling
from worker.model.tensor_shapes import main_shapes
from worker.model.weights import TensorFile

CPU = torch.device("cpu")
POSITIONS = 64
PENALTY = 1.3
PLAIN = Sampling(talker=GREEDY, predictor=GREEDY, repetition_penalty=PENALTY)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("tiny")
    write_random_checkpoint(path, size="tiny", kind="custom_voice")
    return path


@pytest.fixture(scope="module")
def network(folder: Path) -> Network:
    checkpoint = open_checkpoint(folder)
    return Network(checkpoint.config, checkpoint.main(CPU, torch.float32), CPU, torch.float32)


def join(network: Network, slot: int, seed: int, sampling: Sampling = PLAIN) -> Join:
    return Join(slot, random_prompt(network.config, seed), sampling)


def batch(network: Network, joins: Sequence[Join], *, n_prompts: int | None = None, length: int = 32) -> PromptRows:
    n = n_prompts or len(joins)
    buffer = PromptBuffer(batch_room(network.config, n, n * length, POSITIONS), CPU)
    rows = buffer.rows(n, length)
    write_prompts(rows, joins, scratch_slot=4, pad_text_id=network.config.tokens.tts_pad)
    return rows


def speak(network: Network, slots: Slots, rows: Sequence[int], n_frames: int) -> Tensor:
    """[frames, rows, 18]"""
    results = torch.zeros(n_frames, len(rows), network.config.n_codes + 2, dtype=torch.int32)
    for frame in results:
        network.frame(slots, torch.tensor(rows, dtype=torch.int32), frame)
    assert not results[:, :, -1].any()
    return results


def test_prompts_and_frames_equal_plain_full_attention(network: Network, folder: Path) -> None:
    plain = PlainNetwork(folder, network.config)
    joins = [join(network, slot, seed) for slot, seed in ((2, 10), (0, 11), (3, 12), (1, 13))]
    slots = network.slots(4, POSITIONS)
    network.prefill(slots, batch(network, joins))
    spoken = speak(network, slots, [2, 0, 3, 1], 6)
    for row, joined in enumerate(joins):
        assert spoken[:, row, :-1].tolist() == plain.speak(joined.prompt, 6, PENALTY)


def test_a_checkpoint_whose_predictor_is_as_wide_as_its_talker_needs_no_projection(network: Network, tmp_path: Path) -> None:
    config = replace(network.config, talker=replace(network.config.talker, hidden_size=32), text_vocab_size=500)
    config = replace(config, tokens=replace(config.tokens, tts_pad=499))
    random_weights(config, tmp_path)
    narrow = Network(config, TensorFile.open(tmp_path, CPU, torch.float32), CPU, torch.float32)
    slots, joined = narrow.slots(4, POSITIONS), join(narrow, 1, 14)
    narrow.prefill(slots, batch(narrow, [joined]))
    assert speak(narrow, slots, [1], 4)[:, 0, :-1].tolist() == PlainNetwork(tmp_path, config).speak(joined.prompt, 4, PENALTY)


def random_weights(config: CheckpointConfig, folder: Path) -> None:
    draw = torch.Generator().manual_seed(0)
    weights = {
        name: torch.randn(shape, generator=draw) / shape[-1] ** 0.5 if len(shape) > 1 else torch.ones(shape)
        for name, shape in main_shapes(config).items()
    }
    save_file(weights, folder / "model.safetensors")


def test_rows_and_prompts_that_only_fill_up_change_nothing(network: Network) -> None:
    joins = [join(network, 0, 20), join(network, 1, 21)]
    exact, padded = network.slots(4, POSITIONS), network.slots(4, POSITIONS)
    network.prefill(exact, batch(network, joins))
    network.prefill(padded, batch(network, joins, n_prompts=4, length=48))
    assert torch.equal(speak(network, exact, [0, 1], 5), speak(network, padded, [0, 1, 4, 4], 5)[:, :2])


def test_the_scratch_slot_stays_at_position_0(network: Network) -> None:
    slots = network.slots(4, POSITIONS)
    network.prefill(slots, batch(network, [join(network, 0, 22)], n_prompts=4))
    speak(network, slots, [0, 4, 4, 4], 5)
    assert slots.state.position.tolist() == [slots.state.position[0].item(), 0, 0, 0, 0]
    assert slots.state.step.tolist() == [5, 0, 0, 0, 0]


def test_rows_come_in_any_order(network: Network) -> None:
    joins = [join(network, slot, 30 + slot) for slot in range(4)]
    in_order, mixed = network.slots(4, POSITIONS), network.slots(4, POSITIONS)
    for slots in (in_order, mixed):
        network.prefill(slots, batch(network, joins))
    order = [2, 0, 3, 1]
    assert torch.equal(speak(network, in_order, [0, 1, 2, 3], 4)[:, order], speak(network, mixed, order, 4))


def test_torchs_attention_serves_frames_as_the_engines_own_does(network: Network, folder: Path) -> None:
    checkpoint = open_checkpoint(folder)
    attention = Attention(ENGINE.prefill, sdpa_decode)
    other = Network(checkpoint.config, checkpoint.main(CPU, torch.float32), CPU, torch.float32, attention)
    joins = [join(network, slot, 40 + slot) for slot in range(4)]
    spoken = []
    for one in (network, other):
        slots = one.slots(4, POSITIONS)
        slots.talker_cache.kv[..., 40:, :] = torch.nan  # what a former occupant left
        one.prefill(slots, batch(one, joins))
        spoken.append(speak(one, slots, [0, 1, 2, 3], 4))
    assert torch.equal(*spoken)


def test_a_frame_is_its_two_halves(network: Network) -> None:
    slots, halves = network.slots(4, POSITIONS), network.slots(4, POSITIONS)
    rows = torch.tensor([0], dtype=torch.int32)
    for each in (slots, halves):
        network.prefill(each, batch(network, [join(network, 0, 50)]))
    codes = network.predict(halves, rows)
    network.advance(halves, rows, codes)
    assert speak(network, slots, [0], 1)[0, 0, :-2].tolist() == codes[0].tolist()
    assert torch.equal(slots.state.hidden, halves.state.hidden)


def test_the_end_token_waits_for_two_frames(folder: Path) -> None:
    checkpoint = open_checkpoint(folder)
    ending = Network(checkpoint.config, checkpoint.main(CPU, torch.float32), CPU, torch.float32)
    end, slots = ending.config.tokens.codec_eos, ending.slots(4, POSITIONS)

    def three_draws() -> tuple[list[int], Tensor]:
        ending.prefill(slots, batch(ending, [join(ending, 0, 60)]))
        drawn, heard = [int(slots.state.next_code[0])], [slots.state.hidden[0].clone()]
        for _ in range(2):
            drawn += speak(ending, slots, [0], 1)[0, :, -2].tolist()
            heard.append(slots.state.hidden[0].clone())
        return drawn, torch.stack(heard)

    _, heard = three_draws()
    ending.talker_head[end] = 100 * heard.sum(0)
    assert (heard @ ending.talker_head.T).argmax(1).tolist() == [end] * 3  # it would win each draw
    drawn, _ = three_draws()
    assert [code == end for code in drawn] == [False, False, True]
