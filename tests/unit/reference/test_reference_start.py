"""How long the reference may be silent before it counts as hung."""

from pathlib import Path

import pytest

from speechmill.settings import EngineSettings, WorkerSettings
from worker.reference.options import ReferenceOptions
from worker.voices.qwen3_start import ENGINE, REFERENCE, EngineStart


@pytest.mark.parametrize(("factory", "mode", "stall_s"), [
    (REFERENCE, "off", 30), (REFERENCE, "default", 900), (ENGINE, "default", 30)])
def test_a_step_that_may_compile_may_be_as_long_as_a_start(factory: str, mode: str, stall_s: float, tmp_path: Path) -> None:
    settings = EngineSettings(checkpoint=str(tmp_path), compile=mode, stall_s=30, start_timeout_s=900)
    assert EngineStart(factory, settings, WorkerSettings()).options(print).stall_s == stall_s


def test_the_reference_speaks_as_many_in_one_call_as_there_are_slots(tmp_path: Path) -> None:
    start = EngineStart(REFERENCE, EngineSettings(checkpoint=str(tmp_path)), WorkerSettings(speech_slots=32))
    options = start.options(print).options
    assert isinstance(options, ReferenceOptions)
    assert options.batch == 32
