"""The Triton kernels against their torch twins, without a GPU too."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch


@pytest.mark.timeout(600)  # 20 s of CPU, on a machine that may be busy
def test_every_triton_kernel_computes_what_its_torch_twin_computes() -> None:
    """In a process of its own: whether Triton interprets kernels on the CPU is settled when it is first imported."""
    environment = os.environ if torch.cuda.is_available() else {**os.environ, "TRITON_INTERPRET": "1"}
    kernels = [str(Path(__file__).with_name(name)) for name in ("triton_kernels.py", "triton_attention_kernels.py")]
    run = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--noconftest", *kernels]
    done = subprocess.run(run, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    assert done.returncode == 0, done.stdout
