"""What options come to on a machine without a GPU."""

import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Literal

import pytest
import torch

from tests.unit.engine.still_engine import StillListener
from worker.engine import build
from worker.engine.attention_choice import choose_attention, kept_dtype
from worker.engine.memory import GIB, SlotMemory
from worker.engine.options import EngineOptions
from worker.engine.torch_setup import FUSION, KERNEL_CACHES, Placement, configure_torch
from worker.model.attention import ENGINE, sdpa_decode
from worker.model.errors import EngineError, TooLittleMemory
from worker.model.kernels.kept import FLOAT8
from worker.model.random_checkpoint import write_random_checkpoint

CPU = Placement(torch.device("cpu"), torch.float32)


NEW_SHAPES = """
from pathlib import Path
import torch
from worker.engine.options import EngineOptions
from worker.engine.torch_setup import configure_torch
from worker.model.host_memory import give_back_holes, rss_bytes

configure_torch(EngineOptions(Path(), device="cpu", cpu_threads=1))
weight = torch.ones(64, 64, 3)

def rss_after(lengths):
    for length in lengths:
        torch.nn.functional.conv1d(torch.ones(1, 64, length), weight)
    give_back_holes()
    return rss_bytes()

print(-rss_after(range(100, 700)) + rss_after(range(700, 1300)))
"""


@pytest.fixture(autouse=True)
def _torch_as_before(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    for variable in (*KERNEL_CACHES, FUSION):      # set, so that what a test makes of it is undone
        monkeypatch.setenv(variable, "1024")
    threads, matmul, conv = torch.get_num_threads(), torch.backends.cuda.matmul.fp32_precision, torch.backends.cudnn.benchmark
    yield
    torch.set_num_threads(threads)
    torch.backends.cuda.matmul.fp32_precision, torch.backends.cudnn.benchmark = matmul, conv


def test_auto_is_float32_on_a_cpu() -> None:
    assert configure_torch(EngineOptions(Path(), device="cpu")) == CPU


def test_bfloat16_may_be_asked_for_on_a_cpu() -> None:
    assert configure_torch(EngineOptions(Path(), device="cpu", dtype="bfloat16")).dtype == torch.bfloat16


@pytest.mark.parametrize(("tf32", "precision"), [(True, "tf32"), (False, "ieee")])
def test_tf32_threads_and_cudnn_are_set(tf32: bool, precision: str) -> None:
    configure_torch(EngineOptions(Path(), device="cpu", tf32=tf32, cpu_threads=1, cudnn_benchmark=tf32))
    assert torch.backends.cuda.matmul.fp32_precision == precision
    assert torch.backends.cudnn.benchmark is tf32
    assert torch.get_num_threads() == 1


def test_few_prepared_kernels_are_kept_unless_the_environment_says_more(monkeypatch: pytest.MonkeyPatch) -> None:
    onednn, ideep, cudnn = KERNEL_CACHES
    monkeypatch.delenv(ideep)
    monkeypatch.delenv(cudnn)
    configure_torch(EngineOptions(Path(), device="cpu"))
    assert (os.environ[onednn], os.environ[ideep], os.environ[cudnn]) == ("1024", "256", "512")


def test_triton_rounds_as_it_did_when_the_engine_was_measured(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(FUSION)
    configure_torch(EngineOptions(Path(), device="cpu"))
    assert os.environ[FUSION] == "1"


def test_no_attention_serves_prompts_that_compiles_a_kernel_for_each_length() -> None:
    configure_torch(EngineOptions(Path(), device="cpu"))
    assert not torch.backends.cuda.cudnn_sdp_enabled()  # type: ignore[no-untyped-call]


def test_shapes_that_never_come_again_take_no_more_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    for variable in KERNEL_CACHES:
        monkeypatch.delenv(variable)
    done = subprocess.run([sys.executable, "-c", NEW_SHAPES], capture_output=True, text=True, check=True)
    assert int(done.stdout) < 6 * 2**20, "16 MiB where 1,024 kernels are kept"


def test_cuda_where_there_is_none_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    with pytest.raises(EngineError, match="torch finds no CUDA device; say cpu or auto"):
        configure_torch(EngineOptions(Path(), device="cuda"))


def test_flash_attention_on_a_cpu_gives_way_and_says_so_once(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO")
    options = EngineOptions(Path(), prefill_attention="flash_attention_2", decode_attention="flash_attention_2")
    choice = choose_attention(options, CPU)
    assert choice.attention == ENGINE
    assert choice.notes == ("attention: prompts by sdpa, frames by engine (no FlashAttention: it needs a CUDA device)",)
    assert [record.getMessage() for record in caplog.records] == list(choice.notes)


def test_what_was_chosen_serves() -> None:
    choice = choose_attention(EngineOptions(Path(), prefill_attention="sdpa", decode_attention="sdpa"), CPU)
    assert choice.attention.decode is sdpa_decode
    assert choice.notes == ("attention: prompts by sdpa, frames by sdpa",)


def test_keys_and_values_in_float8_are_asked_for_and_said(caplog: pytest.LogCaptureFixture) -> None:
    choice = choose_attention(EngineOptions(Path(), prefill_attention="sdpa", kv_dtype="float8"), CPU)
    assert choice.attention == replace(ENGINE, kept=FLOAT8)
    assert choice.notes == ("attention: prompts by sdpa, frames by engine, keys and values in float8",)


@pytest.mark.parametrize("other", ["sdpa", "flash_attention_2"])
def test_attention_that_does_not_read_float8_is_refused_with_it(other: Literal["sdpa", "flash_attention_2"]) -> None:
    with pytest.raises(EngineError, match=f"kv_dtype: {other} does not read float8; say engine"):
        kept_dtype(EngineOptions(Path(), decode_attention=other, kv_dtype="float8"), CPU)


@pytest.mark.parametrize(("capability", "serves"), [((8, 6), False), ((8, 9), True), ((9, 0), True), ((12, 0), True)])
def test_float8_needs_a_gpu_that_has_it(capability: tuple[int, int], serves: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "get_device_capability", lambda _: capability)
    options, gpu = EngineOptions(Path(), kv_dtype="float8"), Placement(torch.device("cuda"), torch.bfloat16)
    if serves:
        assert kept_dtype(options, gpu) == FLOAT8
    else:
        with pytest.raises(EngineError, match=r"kv_dtype: float8 needs compute capability 8\.9, this GPU has 8\.6; say auto"):
            kept_dtype(options, gpu)


def test_too_little_memory_says_what_there_is_and_what_would_fit() -> None:
    slots = SlotMemory(n_slots=256, slot_positions=1024, per_slot_bytes=GIB // 8)
    slots.check(weight_bytes=4 * GIB, free_bytes=40 * GIB, working_bytes=2 * GIB)
    with pytest.raises(TooLittleMemory) as refused:
        slots.check(weight_bytes=4 * GIB, free_bytes=18 * GIB, working_bytes=2 * GIB)
    assert refused.value.message == (
        "n_slots: 256 slots of 1024 positions take 32.12 GiB (0.12 GiB each, and one more) and 2.00 GiB must stay for the work"
        " itself, but beside the weights (4.00 GiB) only 18.00 GiB are free: 127 slots of that length would fit, or shorter ones"
        " (slot_positions)"
    )
    with pytest.raises(TooLittleMemory, match="not one slot of that length fits"):
        slots.check(weight_bytes=4 * GIB, free_bytes=2 * GIB, working_bytes=2 * GIB)


def test_memory_that_is_gone_behind_the_slots_is_said_as_too_little(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def no_memory(*_: object) -> None:
        raise torch.OutOfMemoryError("CUDA out of memory.")

    write_random_checkpoint(tmp_path, size="tiny", kind="custom_voice")
    monkeypatch.setattr(build, "CodecDecoder", no_memory)
    options = EngineOptions(tmp_path, device="cpu", slot_positions=64)
    with pytest.raises(TooLittleMemory, match=r"fewer slots \(n_slots\).*CUDA out of memory"):
        build.speaker(options, StillListener(), lambda _: None)
