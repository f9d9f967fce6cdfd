"""Attention of new positions against its torch twins. test_triton_kernels.py runs this file."""

import pytest
import torch
from torch import Tensor

from tests.unit.model.triton_kernels import DEVICE, ON_GPU, ROUNDED, assert_close, random
from worker.model.kernels.attention import Heads, decode_attention
from worker.model.kernels.gpu import attention as gpu_attention
from worker.model.kernels.gpu import float8_attention as gpu_float8_attention
from worker.model.kernels.gpu import predictor_attention as gpu_predictor_attention
from worker.model.kernels.kept import FLOAT8
from worker.model.kernels.predictor_attention import OPENING, predictor_attention
from worker.model.kernels.rope import Rope, rope_tables

CPU = torch.device("cpu")


@pytest.mark.parametrize("n_splits", [1, 4])
@pytest.mark.parametrize("n_heads", [4, 2], ids=["grouped", "ungrouped"])
def test_attention_and_what_it_appends(n_splits: int, n_heads: int) -> None:
    heads = Heads(n_heads=n_heads, n_kv_heads=2, dim=32, eps=1e-6)
    qkv = random(4, (n_heads + 4) * 32)
    k_cache, v_cache = random(6, 2, 200, 32, seed=1), random(6, 2, 200, 32, seed=2)
    slots = torch.tensor([4, 0, 2, 3], dtype=torch.int32)
    positions = torch.tensor([150, 0, 65, 3], dtype=torch.int32)
    for slot, position in zip(slots.tolist(), positions.tolist(), strict=True):
        k_cache[slot, :, position:] = v_cache[slot, :, position:] = torch.nan  # of the slot's former occupant
    rope = rope_tables(200, 32, 1e6, CPU, torch.float32)
    q_norm, k_norm = random(32, seed=3), random(32, seed=4)
    k_there, v_there = k_cache.to(DEVICE, copy=True), v_cache.to(DEVICE, copy=True)
    here = decode_attention(qkv, k_cache, v_cache, slots, positions, q_norm, k_norm, rope, heads)
    there = gpu_attention.decode_attention(
        qkv.to(DEVICE), k_there, v_there, slots.to(DEVICE), positions.to(DEVICE), q_norm.to(DEVICE), k_norm.to(DEVICE),
        on_device(rope), heads, n_splits,
    )  # fmt: skip
    assert_close(there, here)
    torch.testing.assert_close(k_there.cpu(), k_cache, rtol=2e-6, atol=2e-6, equal_nan=True)
    torch.testing.assert_close(v_there.cpu(), v_cache, rtol=0, atol=0, equal_nan=True)


@ROUNDED
@pytest.mark.parametrize("n_splits", [1, 4])
@pytest.mark.parametrize("is_alone", [True, False], ids=["few-rows", "many-rows"])
def test_attention_over_what_is_kept_in_float8(
    n_splits: int, is_alone: bool, dtype: torch.dtype, monkeypatch: pytest.MonkeyPatch
) -> None:
    if not is_alone:
        monkeypatch.setattr(gpu_float8_attention, "WARPS_OF_A_CORE", 0)
    heads = Heads(n_heads=4, n_kv_heads=2, dim=32, eps=1e-6)
    qkv, q_norm, k_norm = random(3, 8 * 32, dtype=dtype), random(32, dtype=dtype, seed=3), random(32, dtype=dtype, seed=4)
    if ON_GPU:
        qkv[1, 6 * 32] = torch.nan
    else:  # Triton's interpreter makes a number of NaN, and rounds wrongly where the mantissa runs over: nothing is left to round
        k_norm.zero_()
        qkv[:, 6 * 32 :] = qkv[:, 6 * 32 :].to(FLOAT8).to(dtype)
    qkv[0, 7 * 32], qkv[1, 7 * 32] = 1e4, -1e4
    caches = random(2, 5, 2, 200, 32, seed=1).to(FLOAT8)
    caches[:, 2, :, 65:] = caches[:, 0] = torch.nan  # of the slots' former occupants
    slots, positions = torch.tensor([4, 0, 2], dtype=torch.int32), torch.tensor([150, 0, 65], dtype=torch.int32)
    rope = rope_tables(200, 32, 1e6, CPU, dtype)
    kept_there = caches.to(DEVICE, copy=True)
    there = gpu_float8_attention.decode_attention(
        qkv.to(DEVICE), kept_there[0], kept_there[1], slots.to(DEVICE), positions.to(DEVICE), q_norm.to(DEVICE),
        k_norm.to(DEVICE), on_device(rope), heads, n_splits,
    ).cpu()  # fmt: skip
    here = decode_attention(qkv, caches[0], caches[1], slots, positions, q_norm, k_norm, rope, heads)
    a_step = 2**-3 if ON_GPU else 0.0  # norms differ in their last bits, which float8 may make a whole step of
    torch.testing.assert_close(kept_there.cpu().float(), caches.float(), rtol=a_step, atol=2**-9 if ON_GPU else 0, equal_nan=True)
    tolerance = 2e-2 if ON_GPU else 2e-6 if dtype == torch.float32 else torch.finfo(dtype).eps
    torch.testing.assert_close(there, here, rtol=tolerance, atol=tolerance, equal_nan=True)
    assert (float(caches[1, 4, 1, 150, 0]), float(caches[1, 0, 1, 0, 0])) == (448, -448)


class Frame:
    """Three rows' predictor: five slots of 16 places, those before `places` filled, all others NaN."""

    def __init__(self, places: range, heads: Heads, dtype: torch.dtype = torch.float32) -> None:
        dim, n_kv_heads = heads.dim, heads.n_kv_heads
        self.places, self.heads = places, heads
        self.qkv = random(len(places) * 3, (heads.n_heads + 2 * n_kv_heads) * dim, dtype=dtype)
        self.keys, self.values = (random(5, n_kv_heads, 16, dim, dtype=dtype, seed=seed) for seed in (1, 2))
        self.keys[:, :, places[0] :] = self.values[:, :, places[0] :] = torch.nan
        self.norms = random(dim, dtype=dtype, seed=3), random(dim, dtype=dtype, seed=4)
        self.rope = rope_tables(16, dim, 1e6, CPU, dtype)

    def there(self) -> list[Tensor]:
        """By the kernel: what it returns, and the keys and values as it leaves them."""
        keys, values = self.keys.to(DEVICE, copy=True), self.values.to(DEVICE, copy=True)
        q_norm, k_norm = (norm.to(DEVICE) for norm in self.norms)
        attended = gpu_predictor_attention.predictor_attention(
            self.qkv.to(DEVICE), keys, values, self.places, q_norm, k_norm, on_device(self.rope), self.heads
        )
        return [attended.cpu(), keys.cpu(), values.cpu()]

    def here(self) -> list[Tensor]:
        keys, values = self.keys.clone(), self.values.clone()
        return [predictor_attention(self.qkv, keys, values, self.places, *self.norms, self.rope, self.heads), keys, values]


@ROUNDED
@pytest.mark.parametrize("places", [OPENING, range(2, 3), range(5, 6), range(15, 16)], ids=str)
def test_the_predictors_attention_and_what_it_appends(places: range, dtype: torch.dtype) -> None:
    frame = Frame(places, Heads(n_heads=8, n_kv_heads=4, dim=32, eps=1e-6), dtype)
    tolerance = 2e-6 if dtype == torch.float32 else 4 * torch.finfo(dtype).eps
    for one, other in zip(frame.there(), frame.here(), strict=True):
        torch.testing.assert_close(one, other, rtol=tolerance, atol=tolerance, equal_nan=True)


@pytest.mark.parametrize(
    "heads", [Heads(3, 3, 32, 1e-6), Heads(6, 3, 64, 1e-6), Heads(16, 8, 128, 1e-6)], ids=["ungrouped", "odd", "real"]
)
@pytest.mark.parametrize("places", [OPENING, range(3, 4)], ids=str)
def test_the_predictors_attention_of_any_heads(places: range, heads: Heads) -> None:
    frame = Frame(places, heads)
    for one, other in zip(frame.there(), frame.here(), strict=True):
        torch.testing.assert_close(one, other, rtol=2e-6, atol=2e-6, equal_nan=True)


@pytest.mark.parametrize("places", [OPENING, range(7, 8)], ids=str)
def test_the_predictors_attention_of_a_row_does_not_depend_on_how_heads_share_a_program(
    places: range, monkeypatch: pytest.MonkeyPatch
) -> None:
    frame = Frame(places, Heads(n_heads=16, n_kv_heads=8, dim=128, eps=1e-6))
    few = frame.there()
    monkeypatch.setattr(gpu_predictor_attention, "BYTES_OF_A_WARP", 4 * gpu_predictor_attention.BYTES_OF_A_WARP)
    for one, other in zip(frame.there(), few, strict=True):
        torch.testing.assert_close(one, other, rtol=0, atol=0, equal_nan=True)


def on_device(rope: Rope) -> Rope:
    return Rope(rope.cos.to(DEVICE), rope.sin.to(DEVICE))
