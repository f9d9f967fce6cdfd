"""The Triton kernel of prompts against its torch twin, without a GPU too."""

import os
import subprocess
import sys
from pathlib import Path

import torch


def test_the_triton_kernel_of_prompts_computes_what_its_torch_twin_computes() -> None:
    """In a process of its own: whether Triton interprets kernels on the CPU is settled when it is first imported."""
    environment = os.environ if torch.cuda.is_available() else {**os.environ, "TRITON_INTERPRET": "1"}
    kernels = Path(__file__).with_name("triton_prompt_kernels.py")
    run = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", str(kernels)]
    done = subprocess.run(run, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    assert done.returncode == 0, done.stdout
