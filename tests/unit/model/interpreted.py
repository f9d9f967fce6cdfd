"""Runs tests of Triton kernels in a process of their own: whether Triton interprets kernels on the CPU is settled when it is
first imported."""

import os
import subprocess
import sys
from pathlib import Path

import torch


def assert_pass(*names: str) -> None:
    """The files of these names beside this one: on a GPU where there is one, else interpreted."""
    environment = os.environ if torch.cuda.is_available() else {**os.environ, "TRITON_INTERPRET": "1"}
    files = [str(Path(__file__).with_name(name)) for name in names]
    run = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--noconftest", *files]
    done = subprocess.run(run, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    assert done.returncode == 0, done.stdout
