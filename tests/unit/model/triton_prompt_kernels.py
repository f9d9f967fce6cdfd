"""The kernel through which prompts enter the cache computes what its torch twin computes. test_triton_prompt_kernels.py runs this
file, on a GPU where there is one; to run it by itself on a CPU, set TRITON_INTERPRET=1."""

import pytest
import torch
from torch import Tensor

from worker.model.kernels import append
from worker.model.kernels.attention import Heads
from worker.model.kernels.gpu import append as gpu_append
from worker.model.kernels.kept import FLOAT8
from worker.model.kernels.rope import Rope, rope_tables

ON_GPU = torch.cuda.is_available()
DEVICE = torch.device("cuda" if ON_GPU else "cpu")
HALF = torch.bfloat16 if ON_GPU else torch.float16  # Triton's interpreter cuts bfloat16 off where a GPU rounds
N_SLOTS, N_POSITIONS, DIM = 5, 24, 32


def random(*shape: int, dtype: torch.dtype, seed: int) -> Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed)).to(dtype)


def assert_close(actual: Tensor, expected: Tensor) -> None:
    tolerance = 2e-6 if expected.dtype == torch.float32 else 2 * torch.finfo(expected.dtype).eps
    torch.testing.assert_close(actual.cpu(), expected, rtol=tolerance, atol=tolerance)


@pytest.mark.parametrize("dtype", [torch.float32, HALF], ids=["float32", "half"])
@pytest.mark.parametrize("length", [1, 7, 16])
@pytest.mark.parametrize(("n_heads", "n_kv_heads"), [(4, 2), (2, 2)], ids=["grouped", "ungrouped"])
def test_prompts_enter_their_slots_and_nobody_elses(dtype: torch.dtype, length: int, n_heads: int, n_kv_heads: int) -> None:
    heads = Heads(n_heads, n_kv_heads, DIM, 1e-6)
    qkv = random(3, length, (n_heads + 2 * n_kv_heads) * DIM, dtype=dtype, seed=0)
    kv = random(2, N_SLOTS, n_kv_heads, N_POSITIONS, DIM, dtype=dtype, seed=1)
    q_norm, k_norm = random(DIM, dtype=dtype, seed=2), random(DIM, dtype=dtype, seed=3)
    rope = rope_tables(N_POSITIONS, DIM, 1e6, torch.device("cpu"), dtype)
    slots = torch.tensor([3, 0, 4])
    there = kv.to(DEVICE, copy=True)
    turned = gpu_append.append_prompts(
        qkv.to(DEVICE, copy=True), there[0], there[1], slots.to(DEVICE), q_norm.to(DEVICE), k_norm.to(DEVICE),
        Rope(rope.cos.to(DEVICE), rope.sin.to(DEVICE)), heads,
    )  # fmt: skip
    expected = append.append_prompts(qkv, kv[0], kv[1], slots, q_norm, k_norm, rope, heads)
    for actual, exact in zip(turned, expected, strict=True):
        assert_close(actual, exact)
    assert_close(there, kv)
    assert torch.equal(there[:, 1:3].cpu(), kv[:, 1:3])


@pytest.mark.parametrize("dtype", [torch.float32, HALF], ids=["float32", "half"])
def test_prompts_are_kept_in_float8_and_attend_unrounded(dtype: torch.dtype) -> None:
    heads = Heads(4, 2, DIM, 1e-6)
    qkv, k_norm = random(2, 7, 8 * DIM, dtype=dtype, seed=0), random(DIM, dtype=dtype, seed=3)
    if not ON_GPU:  # Triton's interpreter rounds to float8 wrongly where the mantissa runs over: nothing is left to be rounded
        k_norm.zero_()
        qkv[..., 6 * DIM :] = qkv[..., 6 * DIM :].to(FLOAT8).to(dtype)
    qkv[0, 3, -1] = 1e4
    kv = random(2, N_SLOTS, 2, N_POSITIONS, DIM, dtype=dtype, seed=1).to(FLOAT8)
    q_norm, slots = random(DIM, dtype=dtype, seed=2), torch.tensor([3, 0])
    rope = rope_tables(N_POSITIONS, DIM, 1e6, torch.device("cpu"), dtype)
    there = kv.to(DEVICE, copy=True)
    turned = gpu_append.append_prompts(
        qkv.to(DEVICE, copy=True), there[0], there[1], slots.to(DEVICE), q_norm.to(DEVICE), k_norm.to(DEVICE),
        Rope(rope.cos.to(DEVICE), rope.sin.to(DEVICE)), heads,
    )  # fmt: skip
    expected = append.append_prompts(qkv, kv[0], kv[1], slots, q_norm, k_norm, rope, heads)
    for actual, exact in zip(turned, expected, strict=True):
        assert_close(actual, exact)
    a_step = 2**-3 if ON_GPU else 0.0  # norms differ in their last bits, which float8 may make a whole step of
    torch.testing.assert_close(there.cpu().float(), kv.float(), rtol=a_step, atol=2**-9 if ON_GPU else 0)
    assert expected[2][0, 3, 1, -1] == 1e4
    assert kv[1, 3, 1, 3, -1] == 448
