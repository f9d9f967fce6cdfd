"""What one launch is made of beside its kernel: packed weights, arguments, and the reasons why there is none."""

import ctypes
import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from torch import Tensor

from worker.model.kernels.gpu.one_launch import nvrtc
from worker.model.kernels.gpu.one_launch.arguments import FrameArguments
from worker.model.kernels.gpu.one_launch.nvrtc import SOURCES, compile_cubin
from worker.model.kernels.gpu.one_launch.open import why_not, why_not_these
from worker.model.kernels.gpu.one_launch.packing import by_block, by_cluster, gate_beside_up, in_core_matrices
from worker.model.kernels.gpu.one_launch.sizes import RELEASED
from worker.model.kernels.gpu.one_launch.unavailable import Unavailable

K = 32
N_BLOCKS = 128


def numbered(n_out: int, k: int = K) -> Tensor:
    """[n_out, k]: 1000 · row + column."""
    return (torch.arange(n_out)[:, None] * 1000 + torch.arange(k)[None, :]).float()


def test_a_stretch_of_k_is_one_piece_of_a_blocks_weights() -> None:
    packed = in_core_matrices(by_block(numbered(N_BLOCKS * 4)))  # [block, K / 8, columns, 8]
    assert packed.is_contiguous()
    piece = packed[5].flatten()[8 * 4: 16 * 4].view(4, 8)  # columns 8 to 15 of K
    assert piece.tolist() == [[1000 * (5 * 4 + column) + k for k in range(8, 16)] for column in range(4)]


def test_a_clusters_blocks_have_the_same_columns_and_half_of_k_each() -> None:
    shares = by_cluster(numbered(N_BLOCKS * 8))  # [block, 16, K / 2]
    assert shares.shape == (N_BLOCKS, 16, K // 2)
    for block in (0, 1, 6, 127):
        columns, half = range(block // 2 * 16, block // 2 * 16 + 16), range(block % 2 * 16, block % 2 * 16 + 16)
        assert shares[block].tolist() == [[1000 * column + k for k in half] for column in columns]


def test_a_block_has_eight_columns_of_the_gate_beside_the_same_of_up() -> None:
    n_out = N_BLOCKS * 24
    shares = gate_beside_up(numbered(2 * n_out, 8))  # [block, 48, 8]
    for block in (0, 77):
        gates = [block * 24 + 8 * eight + column for eight in range(3) for column in range(8)]
        rows = [part + gate for first in range(0, 24, 8) for part in (0, n_out) for gate in gates[first: first + 8]]
        assert shares[block, :, 0].tolist() == [1000 * row for row in rows]


def test_arguments_are_the_fields_of_struct_frame_in_its_order() -> None:
    of_c = {"int": ctypes.c_int, "float": ctypes.c_float, "i64": ctypes.c_longlong}
    struct = (SOURCES / "frame.cuh").read_text().partition("struct Frame {")[2]
    declared = re.findall(r"^    ([\w *]+?)(\w+);", struct, re.MULTILINE)
    fields = [(name, ctypes.c_void_p if "*" in kind else of_c[kind.strip()]) for kind, name in declared]
    assert fields == list(FrameArguments._fields_)


def test_there_is_none_without_a_gpu_or_for_another_predictor() -> None:
    assert why_not(torch.device("cpu"), torch.bfloat16) == "there is no GPU"
    assert why_not_these(RELEASED) is None
    assert why_not_these(replace(RELEASED, n_layers=7)) is None
    assert "hidden=512" in str(why_not_these(replace(RELEASED, hidden=512)))
    assert "n_codes=8" in str(why_not_these(replace(RELEASED, n_codes=8)))


@pytest.mark.parametrize(("capability", "dtype", "why"), [
    ((8, 0), torch.bfloat16, "compute capability 9.0, this GPU has 8.0"),
    ((10, 0), torch.bfloat16, "compute capability 9.0, this GPU has 10.0"),
    ((9, 0), torch.float32, "in bfloat16, not in float32"),
])
def test_a_gpu_of_another_kind_is_told_what_it_lacks(
    capability: tuple[int, int], dtype: torch.dtype, why: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(torch.cuda, "get_device_capability", lambda _: capability)
    assert why in str(why_not(torch.device("cuda"), dtype))


@pytest.fixture
def library_looked_for_anew() -> Iterator[None]:
    nvrtc._library.cache_clear()
    yield
    nvrtc._library.cache_clear()


@pytest.mark.usefixtures("library_looked_for_anew")
def test_without_nvrtc_there_is_none_and_it_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(nvrtc, "_majors", lambda: ("0",))
    with pytest.raises(Unavailable, match="libnvrtc is neither loaded, nor on the system's path, nor in a wheel"):
        compile_cubin(RELEASED.defines(16))


@pytest.mark.usefixtures("library_looked_for_anew")
def test_what_lies_where_nvrtc_should_but_is_none_is_passed_over(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "libnvrtc.so.0").write_bytes(b"not a library")
    monkeypatch.setattr(nvrtc, "_majors", lambda: ("0",))
    monkeypatch.setattr(nvrtc, "beside_torch", lambda name: [tmp_path / name])
    with pytest.raises(Unavailable, match="neither loaded"):
        compile_cubin(RELEASED.defines(16))


def test_meetings_are_counted_as_the_producer_holds_them() -> None:
    places = range(RELEASED.n_codes)
    held = sum(1 + 5 * RELEASED.n_layers - (place == 0) + 1 for place in places)
    assert RELEASED.n_meetings == held
