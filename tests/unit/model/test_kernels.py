"""The kernels' torch twins against plain torch and transformers' Qwen3."""

from collections.abc import Callable

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor
from transformers.models.qwen3.configuration_qwen3 import Qwen3Config
from transformers.models.qwen3.modeling_qwen3 import Qwen3RMSNorm, Qwen3RotaryEmbedding, apply_rotary_pos_emb

from worker.model.kernels.attention import Heads, decode_attention
from worker.model.kernels.embedding import sum_code_rows, sum_prompt_rows
from worker.model.kernels.gate import silu_gate
from worker.model.kernels.kept import FLOAT8, as_kept
from worker.model.kernels.norm import add_rms_norm, rms_norm
from worker.model.kernels.rope import Rope, rope_tables, rotate

CPU = torch.device("cpu")
DTYPES = pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16], ids=["float32", "bfloat16"])


def random(*shape: int, dtype: torch.dtype = torch.float32, seed: int = 0) -> Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed)).to(dtype)


def assert_rows_stand_alone(compute: Callable[[Tensor], Tensor], rows: Tensor) -> None:
    """A row alone gives the very bits that it gives among others."""
    together = compute(rows.clone())
    for i in range(len(rows)):
        assert torch.equal(compute(rows[i : i + 1].clone())[0], together[i])


@DTYPES
def test_rms_norm_is_qwen3s(dtype: torch.dtype) -> None:
    theirs = Qwen3RMSNorm(96, eps=1e-6).to(dtype)
    theirs.weight.data = random(96, dtype=dtype, seed=1)
    x = random(2, 5, 96, dtype=dtype) * 3
    assert torch.equal(rms_norm(x, theirs.weight, 1e-6), theirs(x))


@DTYPES
def test_add_rms_norm_leaves_the_sum_and_returns_its_norm(dtype: torch.dtype) -> None:
    residual, update, weight = random(3, 64, dtype=dtype), random(3, 64, dtype=dtype, seed=1), random(64, dtype=dtype, seed=2)
    total = residual + update
    normed = add_rms_norm(residual, update, weight, 1e-6)
    assert torch.equal(residual, total)
    assert torch.equal(normed, rms_norm(total, weight, 1e-6))


def test_silu_gate_is_silu_of_the_first_half_times_the_second() -> None:
    gate_up = random(3, 2 * 72) * 4
    expected = F.silu(gate_up[:, :72]) * gate_up[:, 72:]
    torch.testing.assert_close(silu_gate(gate_up), expected, rtol=1e-6, atol=1e-7)


def test_silu_gate_rounds_before_the_product() -> None:
    gate_up = random(3, 2 * 72, dtype=torch.bfloat16) * 4
    assert torch.equal(silu_gate(gate_up), F.silu(gate_up[:, :72]) * gate_up[:, 72:])


def test_norms_and_gates_of_a_row_do_not_depend_on_its_neighbours() -> None:
    assert_rows_stand_alone(lambda x: rms_norm(x, random(1000, seed=1), 1e-6), random(7, 1000))
    assert_rows_stand_alone(silu_gate, random(7, 2 * 1005))


@DTYPES
def test_rotate_is_qwen3s_rope(dtype: torch.dtype) -> None:
    config = Qwen3Config(
        head_dim=32, hidden_size=64, num_attention_heads=2, max_position_embeddings=512,
        rope_parameters={"rope_type": "default", "rope_theta": 1e6},
    )  # fmt: skip
    positions = torch.arange(300)
    q, k = random(1, 2, 300, 32, dtype=dtype), random(1, 2, 300, 32, dtype=dtype, seed=1)
    cos, sin = Qwen3RotaryEmbedding(config)(q, positions[None])
    expected_q, expected_k = apply_rotary_pos_emb(q, k, cos, sin)
    rope = rope_tables(300, 32, 1e6, CPU, dtype)
    assert torch.equal(rotate(q, rope.cos, rope.sin), expected_q)
    assert torch.equal(rotate(k, rope.cos, rope.sin), expected_k)


class Attention:
    """Slots of a cache filled to their own lengths, all else in them NaN, and what attention over them needs."""

    def __init__(self, *, n_rows: int = 5, n_heads: int = 4, dtype: torch.dtype = torch.float32) -> None:
        self.heads = Heads(n_heads=n_heads, n_kv_heads=2, dim=16, eps=1e-6)
        self.qkv = random(n_rows, (n_heads + 4) * 16, dtype=dtype)
        self.slots = torch.randperm(n_rows + 2, generator=torch.Generator().manual_seed(0))[:n_rows].int()
        self.positions = torch.tensor([70, 0, 31, 5, 1], dtype=torch.int32)[torch.arange(n_rows) % 5]
        self.k = torch.full((n_rows + 2, 2, 96, 16), torch.nan, dtype=dtype)
        self.v = self.k.clone()
        for slot, n in zip(self.slots.tolist(), self.positions.tolist(), strict=True):
            self.k[slot, :, :n] = random(2, n, 16, dtype=dtype, seed=slot)
            self.v[slot, :, :n] = random(2, n, 16, dtype=dtype, seed=slot + 100)
        self.norms = random(16, dtype=dtype, seed=1), random(16, dtype=dtype, seed=2)
        self.rope: Rope = rope_tables(96, 16, 1e6, CPU, dtype)

    def __call__(self, rows: list[int]) -> Tensor:
        """Only these rows, over fresh copies of the slots."""
        return decode_attention(
            self.qkv[rows], self.k.clone(), self.v.clone(), self.slots[rows], self.positions[rows],
            *self.norms, self.rope, self.heads,
        )  # fmt: skip

    def expected(self, row: int) -> Tensor:
        """In plain float64, whole matrices; nothing is rounded."""
        slot, n = int(self.slots[row]), int(self.positions[row])
        q, k, v = torch.split(self.qkv[row].view(-1, 16), [self.heads.n_heads, 2, 2])
        cos, sin = self.rope.cos[n], self.rope.sin[n]
        q = rotate(rms_norm(q, self.norms[0], 1e-6), cos, sin).double()
        k = rotate(rms_norm(k, self.norms[1], 1e-6), cos, sin)
        keys = torch.cat([self.k[slot, :, :n], k[:, None]], 1).double().repeat_interleave(self.heads.n_heads // 2, 0)
        values = torch.cat([self.v[slot, :, :n], v[:, None]], 1).double().repeat_interleave(self.heads.n_heads // 2, 0)
        weights = (torch.einsum("hd,hnd->hn", q, keys) / 4).softmax(-1)
        return torch.einsum("hn,hnd->hd", weights, values).flatten()


@pytest.mark.parametrize("n_heads", [4, 2], ids=["grouped", "ungrouped"])
def test_attention_reads_its_own_slot_up_to_the_new_position(n_heads: int) -> None:
    attention = Attention(n_heads=n_heads)
    out = attention(list(range(5)))
    for row in range(5):
        torch.testing.assert_close(out[row].double(), attention.expected(row), rtol=1e-5, atol=1e-5)


def test_attention_in_bfloat16_is_near_and_keeps_the_dtype() -> None:
    attention = Attention(dtype=torch.bfloat16)
    out = attention(list(range(5)))
    assert out.dtype == torch.bfloat16
    for row in range(5):
        torch.testing.assert_close(out[row].double(), attention.expected(row), rtol=2e-2, atol=2e-2)


def test_attention_over_float8_is_that_over_what_float8_makes_of_keys_and_values() -> None:
    attention = Attention()
    attention.k, attention.v = attention.k.to(FLOAT8), attention.v.to(FLOAT8)
    out = attention(list(range(5)))
    assert out.dtype == torch.float32
    attention.k, attention.v = attention.k.float(), attention.v.float()
    for row in range(5):
        # The new position alone was rounded after `expected` read it.
        torch.testing.assert_close(out[row].double(), attention.expected(row), rtol=0, atol=0.15)
    longest = int(attention.positions.argmax())
    torch.testing.assert_close(out[longest].double(), attention.expected(longest), rtol=0, atol=0.01)


def test_float8_keeps_nan_and_cuts_off_what_is_too_large() -> None:
    kept = as_kept(torch.tensor([1e9, -500.0, torch.inf, torch.nan, 448.0, 0.3]), FLOAT8)
    assert kept.float().tolist() == pytest.approx([448, -448, 448, torch.nan, 448, 0.3125], nan_ok=True)
    assert as_kept(torch.tensor([1e9]), torch.float32).tolist() == [1e9]


def test_attention_of_a_row_does_not_depend_on_its_neighbours() -> None:
    attention = Attention(n_rows=10)
    together = attention(list(range(10)))
    for row in range(10):
        assert torch.equal(attention([row])[0], together[row])


def test_attention_appends_the_new_key_and_value_and_touches_nothing_else() -> None:
    attention = Attention()
    k, v = attention.k.clone(), attention.v.clone()
    decode_attention(
        attention.qkv, k, v, attention.slots, attention.positions, *attention.norms, attention.rope, attention.heads
    )
    for row, (slot, n) in enumerate(zip(attention.slots.tolist(), attention.positions.tolist(), strict=True)):
        assert torch.equal(v[slot, :, n], attention.qkv[row].view(-1, 16)[-2:])
        assert k[slot, :, n].isfinite().all()
        k[slot, :, n] = attention.k[slot, :, n]
        v[slot, :, n] = attention.v[slot, :, n]
    torch.testing.assert_close(k, attention.k, rtol=0, atol=0, equal_nan=True)
    torch.testing.assert_close(v, attention.v, rtol=0, atol=0, equal_nan=True)


def test_padding_rows_that_share_a_slot_leave_the_others_alone() -> None:
    attention = Attention()
    alone = attention([0, 1])
    attention.slots[2:] = 6  # the scratch slot
    attention.positions[2:] = 0
    assert torch.equal(attention(list(range(5)))[:2], alone)


class Tables:
    def __init__(self, dtype: torch.dtype) -> None:
        self.talker, self.text = random(31, 40, dtype=dtype), random(30, 40, dtype=dtype, seed=1)
        self.predictor = random(15 * 20 + 1, 40, dtype=dtype, seed=2)
        for table in (self.talker, self.text, self.predictor):
            table[-1] = 0
        self.codes = torch.randint(0, 20, (4, 16), dtype=torch.int32, generator=torch.Generator().manual_seed(3))
        self.text_ids = torch.tensor([0, 28, 5, 7], dtype=torch.int32)

    def embeddings(self, row: int) -> list[Tensor]:
        """The 16 rows of a frame, [hidden] each."""
        codes = self.codes[row].tolist()
        return [self.talker[codes[0]]] + [self.predictor[place * 20 + code] for place, code in enumerate(codes[1:])]


@DTYPES
def test_a_frames_sum_is_rounded_before_the_text_row_is_added(dtype: torch.dtype) -> None:
    tables = Tables(dtype)
    sums = sum_code_rows(tables.codes, tables.talker, tables.predictor, tables.text, tables.text_ids)
    for row in range(4):
        expected = torch.stack(tables.embeddings(row)).sum(0) + tables.text[tables.text_ids[row]]
        torch.testing.assert_close(sums[row], expected, rtol=1e-6 if dtype == torch.float32 else 8e-3, atol=1e-6)


@DTYPES
def test_a_prompts_position_is_its_text_row_and_its_code_rows(dtype: torch.dtype) -> None:
    tables = Tables(dtype)
    text_ids = torch.tensor([3, 4, -1, -1], dtype=torch.int32)
    codes = torch.full((4, 16), -1, dtype=torch.int32)
    codes[1, 0] = codes[2, 0] = 25
    sums = sum_prompt_rows(text_ids, codes, tables.talker, tables.predictor, tables.text)
    nothing = torch.zeros(40, dtype=dtype)
    assert torch.equal(sums, torch.stack([tables.text[3], tables.text[4] + tables.talker[25], tables.talker[25], nothing]))


def test_a_prompts_reference_frames_are_sums_as_spoken_frames_are() -> None:
    tables = Tables(torch.float32)
    spoken = sum_code_rows(tables.codes, tables.talker, tables.predictor, tables.text, tables.text_ids)
    prompt = sum_prompt_rows(tables.text_ids, tables.codes, tables.talker, tables.predictor, tables.text)
    assert torch.equal(prompt, spoken)


@pytest.mark.parametrize("odd", [-1, -(2**31), 31, 20_000, 2**31 - 1])
def test_ids_outside_their_table_add_nothing(odd: int) -> None:
    tables = Tables(torch.float32)
    codes, text_ids = torch.full((1, 16), odd, dtype=torch.int32), torch.tensor([odd], dtype=torch.int32)
    assert not sum_code_rows(codes, tables.talker, tables.predictor, tables.text, text_ids).any()


def test_a_code_beyond_the_vocabulary_is_not_read_from_the_next_codes_table() -> None:
    tables = Tables(torch.float32)
    codes = torch.full((1, 16), -1, dtype=torch.int32)
    codes[0, 1] = 20
    assert not sum_code_rows(codes, tables.talker, tables.predictor, tables.text, torch.tensor([-1])).any()
