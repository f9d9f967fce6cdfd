"""Each Triton kernel computes what its torch twin computes. test_triton_kernels.py runs this file, on a GPU where there is one;
to run it by itself on a CPU, set TRITON_INTERPRET=1."""

import pytest
import torch
from torch import Tensor

from worker.model.kernels import embedding, frame, gate, norm, sampling
from worker.model.kernels.gpu import embedding as gpu_embedding
from worker.model.kernels.gpu import frame as gpu_frame
from worker.model.kernels.gpu import gate as gpu_gate
from worker.model.kernels.gpu import norm as gpu_norm
from worker.model.kernels.gpu import sampling as gpu_sampling
from worker.model.kernels.sampling import DrawShape

ON_GPU = torch.cuda.is_available()
DEVICE = torch.device("cuda" if ON_GPU else "cpu")
HALF = torch.bfloat16 if ON_GPU else torch.float16  # Triton's interpreter cuts bfloat16 off where a GPU rounds

ROUNDED = pytest.mark.parametrize("dtype", [torch.float32, HALF], ids=["float32", "half"])
LOGITS = pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16], ids=["float32", "bfloat16"])


def random(*shape: int, dtype: torch.dtype = torch.float32, seed: int = 0) -> Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed)).to(dtype)


def assert_close(actual: Tensor, expected: Tensor) -> None:
    """Float32 to its last bits; half precision to one rounding more or less."""
    tolerance = 2e-6 if expected.dtype == torch.float32 else torch.finfo(expected.dtype).eps
    torch.testing.assert_close(actual.cpu(), expected, rtol=tolerance, atol=tolerance)


@ROUNDED
@pytest.mark.parametrize("hidden", [48, 64])
def test_rms_norm(dtype: torch.dtype, hidden: int) -> None:
    x, weight = random(2, 3, hidden, dtype=dtype), random(hidden, dtype=dtype, seed=1)
    assert_close(gpu_norm.rms_norm(x.to(DEVICE), weight.to(DEVICE), 1e-6), norm.rms_norm(x, weight, 1e-6))


@ROUNDED
def test_add_rms_norm_and_the_sum_that_it_leaves(dtype: torch.dtype) -> None:
    residual, update, weight = random(3, 48, dtype=dtype), random(3, 48, dtype=dtype, seed=1), random(48, dtype=dtype, seed=2)
    residual_there = residual.to(DEVICE, copy=True)
    there = gpu_norm.add_rms_norm(residual_there, update.to(DEVICE), weight.to(DEVICE), 1e-6)
    here = norm.add_rms_norm(residual, update, weight, 1e-6)
    assert_close(there, here)
    assert torch.equal(residual_there.cpu(), residual)


@ROUNDED
def test_silu_gate(dtype: torch.dtype) -> None:
    gate_up = random(3, 2 * 1100, dtype=dtype)
    assert_close(gpu_gate.silu_gate(gate_up.to(DEVICE)), gate.silu_gate(gate_up))


@ROUNDED
def test_sums_of_code_rows_are_equal_to_the_bit_and_odd_ids_add_nothing(dtype: torch.dtype) -> None:
    codes = torch.randint(0, 20, (5, 16), dtype=torch.int32, generator=torch.Generator().manual_seed(0))
    codes[1, 3], codes[2], codes[3, 0], codes[4, 5] = -1, -1, 999, 20
    text_ids = torch.tensor([0, 29, 5, -1, 1000], dtype=torch.int32)
    talker, text = random(31, 600, dtype=dtype), random(30, 600, dtype=dtype, seed=1)
    predictor = random(15 * 20 + 1, 600, dtype=dtype, seed=2)
    here = embedding.sum_code_rows(codes, talker, predictor, text, text_ids)
    there = gpu_embedding.sum_code_rows(
        codes.to(DEVICE), talker.to(DEVICE), predictor.to(DEVICE), text.to(DEVICE), text_ids.to(DEVICE)
    )
    assert torch.equal(there.cpu(), here)


@ROUNDED
def test_sums_of_a_frame_take_the_text_of_their_slots_step(dtype: torch.dtype) -> None:
    codes = torch.randint(0, 20, (3, 16), dtype=torch.int32, generator=torch.Generator().manual_seed(0))
    tables = random(31, 600, dtype=dtype), random(15 * 20 + 1, 600, dtype=dtype, seed=2), random(30, 600, dtype=dtype, seed=1)
    trailing_ids = torch.arange(5 * 4, dtype=torch.int32).view(5, 4)
    slots, step = torch.tensor([4, 0, 2], dtype=torch.int32), torch.tensor([3, 9, 9, 9, 1], dtype=torch.int32)  # 9: past the end
    here = embedding.sum_frame_rows(codes, *tables, trailing_ids, slots, step)
    there = gpu_embedding.sum_frame_rows(*(x.to(DEVICE) for x in (codes, *tables, trailing_ids, slots, step)))
    assert torch.equal(there.cpu(), here)
    assert torch.equal(here, embedding.sum_code_rows(codes, *tables, torch.tensor([17, 3, 11], dtype=torch.int32)))


class SlotsOfFrames:
    """Five slots of width 40, the last one the scratch slot, and three rows."""

    def __init__(self, dtype: torch.dtype, device: torch.device) -> None:
        self.slots = torch.tensor([3, 0, 4], dtype=torch.int32, device=device)
        self.hidden = random(5, 40, dtype=dtype).to(device)
        self.next_code = torch.tensor([7, 1, 2, 5, 0], dtype=torch.int32, device=device)
        self.broken = torch.tensor([0, 1, 0, 1, 0], dtype=torch.uint8, device=device)
        self.step, self.position = (torch.tensor(n, dtype=torch.int32, device=device) for n in ([4, 5, 6, 7, 0], [9, 9, 9, 8, 0]))
        self.live = torch.tensor([1, 1, 1, 1, 0], dtype=torch.int32, device=device)


@ROUNDED
def test_a_frame_opens_with_what_its_slots_hold(dtype: torch.dtype) -> None:
    here, there = (SlotsOfFrames(dtype, device) for device in (torch.device("cpu"), DEVICE))
    table = random(8, 24, dtype=dtype, seed=1)
    opened = []
    for open_frame, state in ((frame.open_frame, here), (gpu_frame.open_frame, there)):
        codes = torch.full((3, 16), -7, dtype=torch.int32, device=state.slots.device)
        hidden, x = open_frame(state.slots, state.hidden, state.next_code, table.to(codes.device), codes)
        opened.append([hidden.cpu(), x.cpu(), codes.cpu()])
    for one, other in zip(*opened, strict=True):
        assert torch.equal(one, other)
    hidden, x, codes = opened[0]
    assert torch.equal(hidden, here.hidden[[3, 0, 4]])
    assert torch.equal(x, table[[5, 7, 0]])
    assert codes[:, 0].tolist() == [5, 7, 0]
    assert (codes[:, 1:] == -7).all()


@ROUNDED
def test_a_settled_frame_is_kept_and_counted_but_never_past_the_last_position(dtype: torch.dtype) -> None:
    here, there = (SlotsOfFrames(dtype, device) for device in (torch.device("cpu"), DEVICE))
    x, weight = random(3, 40, dtype=dtype, seed=1), random(40, dtype=dtype, seed=2)
    normed = []
    for settle, state in ((frame.settle_frame, here), (gpu_frame.settle_frame, there)):
        device = state.slots.device
        normed.append(settle(
            x.to(device), weight.to(device), 1e-6, state.slots, state.hidden, state.step, state.position, state.live, 9
        ))  # fmt: skip
    assert_close(normed[1], normed[0])
    assert_close(there.hidden, here.hidden)
    assert torch.equal(here.hidden[[3, 0, 4]], normed[0])
    for state in (here, there):
        assert state.step.tolist() == [5, 5, 6, 8, 0]
        assert state.position.tolist() == [9, 9, 9, 9, 0]


def test_a_frames_results_are_its_codes_the_next_one_and_whether_it_broke() -> None:
    state = SlotsOfFrames(torch.float32, DEVICE)
    codes = torch.arange(3 * 16, dtype=torch.int32).view(3, 16)
    expected = [[*row, code, broken] for row, code, broken in zip(codes.tolist(), [5, 7, 0], [1, 0, 0], strict=True)]
    for report, device in ((gpu_frame.report_frame, DEVICE), (frame.report_frame, torch.device("cpu"))):
        results = torch.full((3, 18), -7, dtype=torch.int32, device=device)
        report(codes.to(device), state.slots.to(device), state.next_code.to(device), state.broken.to(device), results)
        assert results.tolist() == expected


class Slots:
    """The state that draws need, of `n` slots that all differ."""

    def __init__(self, n: int, vocabulary: int, device: torch.device) -> None:
        generator = torch.Generator().manual_seed(5)
        index = torch.arange(n)
        self.shape = DrawShape(
            temperature=torch.tensor([0.9, 0.0, 1.3, 0.7, 1.0])[index % 5].to(device),
            top_k=torch.tensor([50, 3, 0, 5000])[index % 4].int().to(device),
            top_p=torch.tensor([1.0, 0.8, 0.0])[index % 3].to(device),
        )
        self.penalty = torch.tensor([1.05, 1.0, 2.0])[index % 3].to(device)
        self.seed = torch.randint(2**62, (n,), generator=generator).to(device)
        self.step = (index % 7).int().to(device)
        self.seen = (torch.rand(n, vocabulary, generator=generator) < 0.3).to(torch.uint8).to(device)
        self.next_code = torch.full((n,), -7, dtype=torch.int32, device=device)
        self.broken = torch.zeros(n, dtype=torch.uint8, device=device)


def broken_rows(logits: Tensor) -> Tensor:
    """Rows 1 to 4 made odd: NaN, +∞, nothing finite, and mere −∞ here and there, which is no fault."""
    logits[1, 7] = torch.nan
    logits[2, 9] = torch.inf
    logits[3] = -torch.inf
    logits[4, ::2] = -torch.inf
    return logits


@LOGITS
def test_talker_draws_are_the_same_codes(dtype: torch.dtype) -> None:
    vocabulary, n = 300, 15
    logits = broken_rows(random(n, vocabulary, dtype=dtype) * 3)
    slots = torch.randperm(n + 2, generator=torch.Generator().manual_seed(0))[:n].int()
    here, there = Slots(n + 2, vocabulary, torch.device("cpu")), Slots(n + 2, vocabulary, DEVICE)
    for draw, state, device in (
        (sampling.draw_talker_code, here, torch.device("cpu")),
        (gpu_sampling.draw_talker_code, there, DEVICE),
    ):
        draw(
            logits.to(device), slots.to(device), state.shape, penalty=state.penalty, seen=state.seen, seed=state.seed,
            step=state.step, min_frames=3, end_code=250, n_special=100, next_code=state.next_code, broken=state.broken,
        )  # fmt: skip
    assert there.next_code.tolist() == here.next_code.tolist()
    assert torch.equal(there.seen.cpu(), here.seen)
    assert there.broken.tolist() == here.broken.tolist()
    assert here.broken.nonzero().flatten().tolist() == sorted(slots[1:4].tolist())


@LOGITS
@pytest.mark.parametrize("with_table", [True, False])
def test_predictor_draws_are_the_same_codes_and_rows(dtype: torch.dtype, with_table: bool) -> None:
    vocabulary, n = 256, 15
    logits = broken_rows(random(n, vocabulary, dtype=dtype) * 3)
    slots = torch.randperm(n + 2, generator=torch.Generator().manual_seed(0))[:n].int()
    table = random(vocabulary, 1100, dtype=dtype) if with_table else None
    codes, rows, broken = [], [], []
    for draw, device in ((sampling.draw_predictor_code, torch.device("cpu")), (gpu_sampling.draw_predictor_code, DEVICE)):
        state = Slots(n + 2, vocabulary, device)
        frame = torch.full((n, 16), -7, dtype=torch.int32, device=device)
        rows.append(draw(
            logits.to(device), slots.to(device), state.shape, state.seed, state.step, 4, frame[:, 4], state.broken,
            None if table is None else table.to(device),
        ))  # fmt: skip
        codes.append(frame.cpu())
        broken.append(state.broken.tolist())
    assert torch.equal(codes[0], codes[1])
    assert broken[0] == broken[1]
    assert (codes[0][:, :4] == -7).all()
    for gathered in rows:
        if table is None:
            assert gathered is None
        else:
            assert gathered is not None
            assert torch.equal(gathered.cpu(), table[codes[0][:, 4]])


@LOGITS
def test_ties_at_the_edges_of_top_k_and_top_p_are_cut_alike(dtype: torch.dtype) -> None:
    vocabulary, n = 64, 6
    logits = (random(n, vocabulary) * 2).round().to(dtype)  # a handful of values, each many times
    codes = []
    for draw, device in ((sampling.draw_predictor_code, torch.device("cpu")), (gpu_sampling.draw_predictor_code, DEVICE)):
        state = Slots(n, vocabulary, device)
        state.shape = DrawShape(
            temperature=torch.full((n,), 0.9, device=device),
            top_k=torch.full((n,), 5, dtype=torch.int32, device=device),
            top_p=torch.full((n,), 0.5, device=device),
        )
        frame = torch.zeros(n, 16, dtype=torch.int32, device=device)
        for place in range(1, 5):
            draw(
                logits.to(device), torch.arange(n, dtype=torch.int32, device=device), state.shape, state.seed, state.step,
                place, frame[:, place], state.broken, None,
            )  # fmt: skip
        codes.append(frame.tolist())
    assert codes[0] == codes[1]
