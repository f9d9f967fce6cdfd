"""Draws against transformers' logits processors: the same masks, the same distribution, row by row."""

from typing import Any

import pytest
import torch
from torch import Tensor
from transformers import (
    LogitsProcessorList,
    MinNewTokensLengthLogitsProcessor,
    RepetitionPenaltyLogitsProcessor,
    SuppressTokensLogitsProcessor,
    TemperatureLogitsWarper,
    TopKLogitsWarper,
    TopPLogitsWarper,
)

from worker.model.kernels.sampling import DrawShape, draw_predictor_code, draw_talker_code, shaped

VOCABULARY, N_SPECIAL, END, MIN_FRAMES = 160, 60, 130, 2


def random(*shape: int, seed: int = 0) -> Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed))


class Slots:
    """The state that draws need: `n` slots of one shape, each with a seed of its own."""

    def __init__(self, n: int, *, temperature: float = 0.9, top_k: int = 0, top_p: float = 1.0, penalty: float = 1.0) -> None:
        self.all = torch.arange(n, dtype=torch.int32)
        self.shape = DrawShape(
            torch.full((n,), temperature), torch.full((n,), top_k, dtype=torch.int32), torch.full((n,), top_p)
        )
        self.penalty = torch.full((n,), penalty)
        self.seed = torch.arange(n) * 7919 + (1 << 40)
        self.step = torch.full((n,), MIN_FRAMES, dtype=torch.int32)
        self.seen = torch.zeros(n, VOCABULARY, dtype=torch.uint8)
        self.next_code = torch.full((n,), -7, dtype=torch.int32)
        self.broken = torch.zeros(n, dtype=torch.uint8)

    def draw_talker(self, logits: Tensor, slots: Tensor | None = None) -> list[int]:
        slots = self.all if slots is None else slots
        draw_talker_code(
            logits, slots, self.shape, penalty=self.penalty, seen=self.seen, seed=self.seed, step=self.step,
            min_frames=MIN_FRAMES, end_code=END, n_special=N_SPECIAL, next_code=self.next_code, broken=self.broken,
        )  # fmt: skip
        return self.next_code[slots.long()].tolist()

    def draw_predictor(self, logits: Tensor, place: int = 1, slots: Tensor | None = None) -> list[int]:
        slots = self.all if slots is None else slots
        frame = torch.full((len(slots), 16), -7, dtype=torch.int32)
        draw_predictor_code(logits, slots, self.shape, self.seed, self.step, place, frame[:, place], self.broken, None)
        assert (frame[:, torch.arange(16) != place] == -7).all()
        return frame[:, place].tolist()


def theirs(slots: Slots, logits: Tensor, step: int, drawn: Tensor | None = None) -> Tensor:
    """Scores of transformers' processors for code 0, in the order that generate() has them."""
    special = [code for code in range(VOCABULARY - N_SPECIAL, VOCABULARY) if code != END]
    processors = LogitsProcessorList()
    processors.append(RepetitionPenaltyLogitsProcessor(float(slots.penalty[0])))
    processors.append(MinNewTokensLengthLogitsProcessor(0, MIN_FRAMES, END))
    processors.append(SuppressTokensLogitsProcessor(special))
    if slots.shape.temperature[0] > 0:
        processors.append(TemperatureLogitsWarper(round(float(slots.shape.temperature[0]), 6)))
        if slots.shape.top_k[0] > 0:
            processors.append(TopKLogitsWarper(int(slots.shape.top_k[0])))
        if slots.shape.top_p[0] < 1:
            processors.append(TopPLogitsWarper(round(float(slots.shape.top_p[0]), 6)))
    return processed(processors, torch.zeros(len(logits), step, dtype=torch.long) if drawn is None else drawn, logits.float())


def processed(processors: Any, drawn: Tensor, scores: Tensor) -> Tensor:
    """transformers annotates LongTensor and FloatTensor, and means a Tensor."""
    left: Tensor = processors(drawn, scores)
    return left


def assert_distributed(codes: list[int], probabilities: Tensor) -> None:
    """Pearson's chi-square; nothing is ever drawn that has no probability."""
    counts = torch.bincount(torch.tensor(codes), minlength=len(probabilities)).double()
    assert not counts[probabilities == 0].any()
    expected = probabilities.double() * len(codes)
    likely = expected > 5
    chi_square = float(((counts - expected)[likely] ** 2 / expected[likely]).sum())
    n = int(likely.sum())
    assert chi_square < n + 5 * (2 * n) ** 0.5


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16], ids=["float32", "bfloat16"])
@pytest.mark.parametrize(
    ("temperature", "top_k", "top_p"),
    [(0.9, 50, 1.0), (0.9, 0, 0.9), (0.7, 20, 0.5), (1.5, 5000, 0.99), (1.0, 1, 1.0), (1.0, 0, 1.0), (1.0, 10, 0.0)],
)
def test_temperature_top_k_and_top_p_leave_what_transformers_leaves(
    temperature: float, top_k: int, top_p: float, dtype: torch.dtype
) -> None:
    scores = (random(200, VOCABULARY) * 3).to(dtype).float()
    warpers = LogitsProcessorList()
    warpers.append(TemperatureLogitsWarper(temperature))
    if top_k:
        warpers.append(TopKLogitsWarper(top_k))
    if top_p < 1:
        warpers.append(TopPLogitsWarper(top_p))
    n = len(scores)
    ours = shaped(scores, torch.full((n,), temperature), torch.full((n,), top_k, dtype=torch.int32), torch.full((n,), top_p))
    expected = processed(warpers, torch.zeros(n, 0, dtype=torch.long), scores)
    if dtype == torch.bfloat16:  # has ties; which of them top-p takes is left to torch.sort in transformers
        ours, expected = ours.sort().values, expected.sort().values
    assert torch.equal(ours, expected)


def test_ties_at_the_kth_largest_all_stay() -> None:
    scores = torch.tensor([[3.0, 1.0, 2.0, 1.0, 1.0, 0.0]])
    ours = shaped(scores, torch.ones(1), torch.tensor([3], dtype=torch.int32), torch.ones(1))
    assert ours.isfinite().tolist() == [[True, True, True, True, True, False]]


def test_of_ties_at_the_edge_of_top_p_the_last_stay() -> None:
    scores = torch.tensor([[0.0, 2.0, 0.0, 2.0, 2.0, 2.0]])
    ours = shaped(scores, torch.ones(1), torch.zeros(1, dtype=torch.int32), torch.tensor([0.4]))
    assert ours.isfinite().tolist() == [[False, False, False, False, True, True]]


def test_each_row_is_shaped_by_its_own_rules() -> None:
    scores = random(4, VOCABULARY) * 3
    temperature, top_k = torch.tensor([0.9, 0.0, 1.3, 0.9]), torch.tensor([50, 3, 0, 0], dtype=torch.int32)
    top_p = torch.tensor([1.0, 0.5, 0.3, 1.0])
    together = shaped(scores, temperature, top_k, top_p)
    for i in range(4):
        alone = shaped(scores[i : i + 1], temperature[i : i + 1], top_k[i : i + 1], top_p[i : i + 1])
        assert torch.equal(alone[0], together[i])
    assert torch.equal(together[1], scores[1])


def test_greedy_code_0_is_the_largest_of_transformers_scores() -> None:
    slots = Slots(300, temperature=0.0, penalty=1.4)
    logits, drawn = random(300, VOCABULARY) * 2, torch.randint(0, 90, (300, 40), generator=torch.Generator().manual_seed(1))
    slots.seen.scatter_(1, drawn, 1)
    slots.step[:] = 40
    assert slots.draw_talker(logits) == theirs(slots, logits, 40, drawn).argmax(1).tolist()


@pytest.mark.parametrize("step", [0, 1, 2])
def test_the_end_is_masked_until_two_frames_are_drawn(step: int) -> None:
    slots = Slots(50)
    slots.step[:] = step
    logits = random(50, VOCABULARY)
    logits[:, END] = 50.0
    assert (set(slots.draw_talker(logits)) == {END}) == (step >= 2)


def test_special_codes_are_never_drawn_but_the_end() -> None:
    logits = random(50, VOCABULARY)
    logits[:, VOCABULARY - N_SPECIAL :] += 50.0
    assert set(Slots(50).draw_talker(logits)) == {END}
    logits[:, END] = -torch.inf
    assert max(Slots(50).draw_talker(logits)) < VOCABULARY - N_SPECIAL


def test_a_drawn_code_is_marked_as_seen_in_its_slot_alone() -> None:
    slots = Slots(3)
    code = slots.draw_talker(random(1, VOCABULARY), torch.tensor([1], dtype=torch.int32))[0]
    assert slots.seen.nonzero().tolist() == [[1, code]]
    assert slots.next_code.tolist() == [-7, code, -7]


def test_code_0_is_distributed_as_transformers_would_draw_it() -> None:
    slots = Slots(20_000, temperature=0.9, top_k=30, top_p=0.9, penalty=1.3)
    logits, drawn = random(1, VOCABULARY) * 2, torch.tensor([[5, 17, 17, 60, 99]])
    slots.seen[:, drawn[0]] = 1
    slots.step[:] = 5
    probabilities = theirs(slots, logits, 5, drawn).softmax(-1)[0]
    assert_distributed(slots.draw_talker(logits.expand(20_000, -1)), probabilities)


def test_predictor_codes_are_distributed_as_transformers_would_draw_them() -> None:
    slots = Slots(20_000, temperature=0.8, top_k=40)
    logits = random(1, VOCABULARY) * 2
    warpers = LogitsProcessorList()
    warpers.append(TemperatureLogitsWarper(0.8))
    warpers.append(TopKLogitsWarper(40))
    warped = processed(warpers, torch.zeros(1, 0, dtype=torch.long), logits)
    assert_distributed(slots.draw_predictor(logits.expand(20_000, -1), place=9), warped.softmax(-1)[0])


def test_codes_of_one_seed_are_distributed_the_same_over_its_steps() -> None:
    slots = Slots(10_000)
    slots.seed[:] = 12345
    slots.step = torch.arange(10_000, dtype=torch.int32)
    logits = random(1, VOCABULARY)
    probabilities = (logits / 0.9).softmax(-1)[0]
    assert_distributed(slots.draw_predictor(logits.expand(10_000, -1), place=15), probabilities)


def test_draws_of_neighbouring_places_steps_and_seeds_are_independent() -> None:
    """Pairs of draws from a fair coin come up in equal parts."""
    coin = torch.zeros(20_000, 2)
    slots = Slots(20_000, temperature=1.0)
    first = torch.tensor(slots.draw_predictor(coin, place=1))
    second_place = torch.tensor(slots.draw_predictor(coin, place=2))
    slots.step += 1
    second_step = torch.tensor(slots.draw_predictor(coin, place=1))
    fair = torch.full((4,), 0.25)
    for other in (second_place, second_step, first.roll(1)):
        assert_distributed((2 * first + other).tolist(), fair)


def test_a_draw_depends_on_seed_step_and_place_not_on_slot_or_neighbours() -> None:
    logits = random(12, VOCABULARY) * 2
    slots = Slots(20, top_k=50)
    some = torch.tensor([3, 19, 0, 7, 12, 5, 1, 2, 18, 9, 4, 6], dtype=torch.int32)
    together = slots.draw_predictor(logits, place=3, slots=some)
    for i in range(12):
        assert slots.draw_predictor(logits[i : i + 1], place=3, slots=some[i : i + 1]) == together[i : i + 1]
    moved = Slots(20, top_k=50)
    moved.seed = slots.seed.roll(1)
    assert moved.draw_predictor(logits, place=3, slots=(some + 1) % 20) == together


@pytest.mark.parametrize("fault", ["nan", "inf", "nothing"])
def test_a_row_without_numbers_is_marked_and_its_neighbours_draw_as_ever(fault: str) -> None:
    logits = random(4, VOCABULARY)
    sound = Slots(4, top_k=50, top_p=0.9), Slots(4, top_k=50, top_p=0.9)
    expected = sound[0].draw_talker(logits), sound[1].draw_predictor(logits)
    broken = logits.clone()
    if fault == "nothing":
        broken[2] = -torch.inf
    else:
        broken[2, 11] = float(fault)
    talker, predictor = Slots(4, top_k=50, top_p=0.9), Slots(4, top_k=50, top_p=0.9)
    drawn = talker.draw_talker(broken), predictor.draw_predictor(broken)
    for codes, right, slots in zip(drawn, expected, (talker, predictor), strict=True):
        assert codes == [*right[:2], 0, right[3]]
        assert slots.broken.tolist() == [0, 0, 1, 0]


def test_a_slot_that_was_broken_stays_marked() -> None:
    slots = Slots(2)
    slots.broken[1] = 1
    slots.draw_predictor(random(2, VOCABULARY))
    assert slots.broken.tolist() == [0, 1]


def test_logits_of_minus_infinity_are_no_fault() -> None:
    slots = Slots(50)
    logits = random(50, VOCABULARY)
    logits[:, ::2] = -torch.inf
    assert all(code % 2 == 1 for code in slots.draw_predictor(logits))
    assert not slots.broken.any()


def test_nothing_but_a_masked_end_is_a_fault() -> None:
    slots = Slots(1)
    slots.step[:] = 0
    logits = torch.full((1, VOCABULARY), -torch.inf)
    logits[0, END] = 1.0
    slots.draw_talker(logits)
    assert slots.broken.tolist() == [1]


def test_the_predictors_next_input_is_the_drawn_codes_row() -> None:
    slots, table = Slots(6), random(VOCABULARY, 24)
    out = torch.zeros(6, dtype=torch.int32)
    rows = draw_predictor_code(
        random(6, VOCABULARY), slots.all, slots.shape, slots.seed, slots.step, 4, out, slots.broken, table
    )
    assert rows is not None
    assert torch.equal(rows, table[out.long()])
