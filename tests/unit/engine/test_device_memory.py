"""The device's memory is among the engine's gauges, where there is a device with memory of its own."""

from pathlib import Path

import torch

from tests.unit.engine.still_engine import INFO, StillEngine
from worker.engine.device_memory import device_gauges
from worker.engine.engine import Engine, EngineParts
from worker.engine.options import EngineOptions


def test_a_cpu_has_none() -> None:
    assert device_gauges(torch.device("cpu")) == {}


def test_what_the_device_tells_is_told_with_the_engines_own_figures() -> None:
    still = StillEngine()
    parts = EngineParts(still.runner, still.codec, still.prompter, INFO, device_gauges=lambda: {"gpu_reserved_bytes": 5.0})
    gauges = Engine(parts, EngineOptions(Path("still")), still.listener).gauges()
    assert gauges["gpu_reserved_bytes"] == 5.0
    assert gauges["slots_free"] == still.n_slots
