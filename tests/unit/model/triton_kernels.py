"""Each Triton kernel computes what its torch twin computes. test_triton_kernels.py runs this file, on a GPU where there is one;
to run it by itself on a CPU, set TRITON_INTERPRET=1."""

import pytest
import torch
from torch import Tensor

from worker.model.kernels import attention, embedding, gate, norm, sampling
from worker.model.kernels.attention import Heads
from worker.model.kernels.gpu import attention as gpu_attention
from worker.model.kernels.gpu import embedding as gpu_embedding
from worker.model.kernels.gpu import gate as gpu_gate
from worker.model.kernels.gpu import norm as gpu_norm
from worker.model.kernels.gpu import sampling as gpu_sampling
from worker.model.kernels.rope import Rope, rope_tables
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


@pytest.mark.parametrize(("n_splits", "block"), [(1, 16), (1, 64), (4, 32)])
@pytest.mark.parametrize("n_heads", [4, 2], ids=["grouped", "ungrouped"])
def test_attention_and_what_it_appends(n_splits: int, block: int, n_heads: int) -> None:
    heads = Heads(n_heads=n_heads, n_kv_heads=2, dim=32, eps=1e-6)
    qkv = random(4, (n_heads + 4) * 32)
    k_cache, v_cache = random(6, 2, 200, 32, seed=1), random(6, 2, 200, 32, seed=2)
    slots = torch.tensor([4, 0, 2, 3], dtype=torch.int32)
    positions = torch.tensor([150, 0, 65, 3], dtype=torch.int32)
    for slot, position in zip(slots.tolist(), positions.tolist(), strict=True):
        k_cache[slot, :, position:] = v_cache[slot, :, position:] = torch.nan  # of the slot's former occupant
    rope = rope_tables(200, 32, 1e6, torch.device("cpu"), torch.float32)
    q_norm, k_norm = random(32, seed=3), random(32, seed=4)
    k_there, v_there = k_cache.to(DEVICE, copy=True), v_cache.to(DEVICE, copy=True)
    here = attention.decode_attention(qkv, k_cache, v_cache, slots, positions, q_norm, k_norm, rope, heads)
    there = gpu_attention.decode_attention(
        qkv.to(DEVICE), k_there, v_there, slots.to(DEVICE), positions.to(DEVICE), q_norm.to(DEVICE), k_norm.to(DEVICE),
        Rope(rope.cos.to(DEVICE), rope.sin.to(DEVICE)), heads, n_splits, block,
    )  # fmt: skip
    assert_close(there, here)
    torch.testing.assert_close(k_there.cpu(), k_cache, rtol=2e-6, atol=2e-6, equal_nan=True)
    torch.testing.assert_close(v_there.cpu(), v_cache, rtol=0, atol=0, equal_nan=True)


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
