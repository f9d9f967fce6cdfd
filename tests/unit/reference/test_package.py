"""The package qwen-tts where it is absent. With it, tests/reference speaks."""

from pathlib import Path

import pytest
import torch

from worker.engine.torch_setup import Placement
from worker.model.errors import EngineError
from worker.reference.package import QwenTts


def test_without_the_package_it_says_what_to_install() -> None:
    with pytest.raises(EngineError, match=r"install speechmill\[reference\] into an environment of its own"):
        QwenTts(Path("nowhere"), Placement(torch.device("cpu"), torch.float32), "sdpa", print)
