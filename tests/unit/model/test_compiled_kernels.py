"""Kernels compile for GPUs that are not there, and fit into their shared memory: interpreted alone, they could be no programs."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

import worker.model.kernels.gpu as gpu
from worker.engine.torch_setup import FUSION
from worker.model.kernels.gpu.one_launch.nvrtc import compile_cubin
from worker.model.kernels.gpu.one_launch.sizes import RELEASED, ROWS

SOURCES = Path(gpu.__path__[0])
EVERY = {f"{source.stem}.{name}" for source in SOURCES.glob("*.py")
         for name in re.findall(r"^ +(_\w+)\[.+\]\($", source.read_text("utf-8"), re.MULTILINE)}
"""All that is launched."""
NOT_EVERYWHERE = {"residual_unit._residual_unit", "linear._product"}
"""The first wants a tensor memory accelerator, both half precision."""
OVER_HALVES, OVER_FLOAT8 = "attention._attend", "float8_attention._attend"
"""Which of them the talker's frames go through, is a setting."""


def compiled(*asked: str) -> set[str]:
    """Kernels, once everything compiled."""
    command = [sys.executable, "-m", "tests.unit.model.compiled_engine", *asked]
    environment = {**os.environ, FUSION: "1", "TRITON_INTERPRET": "0"}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return set(json.loads(done.stdout))


def test_every_kernel_compiles_for_the_card_that_it_was_measured_on() -> None:
    assert len(EVERY) > 10
    assert compiled("--card", "H200") == EVERY - {OVER_FLOAT8}


def test_kernels_compile_for_less_shared_memory_and_read_float8() -> None:
    assert EVERY - compiled("--card", "RTX-4090", "--kv", "float8") <= {OVER_HALVES, *NOT_EVERYWHERE}


@pytest.mark.slow
@pytest.mark.parametrize("asked", [
    "A100", "RTX-3090", "RTX-4090 --kv float8", "H200 --kv float8", "B200", "RTX-5090 --kv float8",
    "RTX-3090 --dtype float32", "H200 --dtype float32 --kv float8",
])
def test_kernels_compile_in_every_size_that_the_engine_launches(asked: str) -> None:
    not_asked = OVER_HALVES if "float8" in asked else OVER_FLOAT8
    assert EVERY - compiled("--all", "--card", *asked.split()) <= {not_asked, *NOT_EVERYWHERE}


@pytest.mark.parametrize("n_rows", ROWS)
def test_a_frame_in_one_launch_compiles(n_rows: int) -> None:
    assert compile_cubin(RELEASED.defines(n_rows)).startswith(b"\x7fELF")
