"""What the bench has measured is shown and written, whatever becomes of what it measures next."""

import json
import multiprocessing
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from worker.bench.__main__ import main
from worker.bench.case import Plan, Row
from worker.bench.compare.row import PeerRow, Spoken
from worker.bench.rows import rows_of
from worker.model.errors import TooLittleMemory


def row(label: str, concurrency: int) -> Row:
    return Row(label, concurrency, times_realtime=2.0, rtf=0.5, first_audio_ms=50, first_audio_p95_ms=60, mean_rows=1,
               predictor_ms=1, talker_ms=1, codec_ms=1, admission_ms=1, floor_times_realtime=4, vram_gb=0, warm_up_s=1)


def measure(plan: Plan) -> Iterator[Row]:
    """The label says after which load it breaks, and how."""
    for n in plan.concurrency:
        yield row(plan.case.label, n)
        if "tf32=false" in plan.case.label:
            raise TooLittleMemory("the slots do not fit")
        if "cudnn_benchmark=false" in plan.case.label:
            os.kill(os.getpid(), signal.SIGKILL)
        if "cuda_graphs=false" in plan.case.label:
            raise RuntimeError("CUDA error")


def measure_for_long(started: Path) -> Iterator[Row]:
    yield row("engine", 1)
    started.write_text(str(os.getpid()))
    time.sleep(600)


@pytest.mark.parametrize(("breaks", "why"), [
    ("engine,tf32=false", "the slots do not fit"),
    ("engine,cudnn_benchmark=false", "ended with status -9"),
    ("engine,cuda_graphs=false", "ended with status 1"),
])
def test_what_was_measured_before_something_broke_is_shown_and_written(
        breaks: str, why: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr("worker.bench.measure.measure", measure)
    file = tmp_path / "rows.jsonl"
    status = main(["--checkpoint", str(tmp_path), "--concurrency", "1,2", "--config", "engine", "--config", breaks,
                   "--json", str(file)])
    said = capsys.readouterr()
    assert status == 2
    assert why in said.err
    assert [(at["label"], at["concurrency"]) for at in map(json.loads, file.read_text().splitlines())] == [
        ("engine", 1), ("engine", 2), (breaks, 1)]
    assert said.out.count("| 2.0 |") == 3


@pytest.mark.parametrize(("spoken", "status"), [(Spoken(2.0, 1.0, 2), 0), (Spoken(0.0, 0.0, 0, errors=["refused"]), 1)])
def test_a_comparison_in_which_somebody_never_spoke_has_failed(
        spoken: Spoken, status: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    def compared(*_: object) -> Iterator[PeerRow]:
        yield PeerRow.of("engine", 1, Spoken(4.0, 1.0, 2))
        yield PeerRow.of("peer", 1, spoken)

    monkeypatch.setattr("worker.bench.__main__.compare", compared)
    assert main(["--checkpoint", str(tmp_path), "--concurrency", "1", "--compare", "http://127.0.0.1:1/v1"]) == status
    assert capsys.readouterr().out.count("peer") == 1


def test_whoever_stops_reading_ends_what_is_measured(tmp_path: Path) -> None:
    rows = rows_of(measure_for_long, tmp_path / "started")
    assert next(rows).concurrency == 1
    rows.close()
    assert not multiprocessing.active_children()


def test_a_bench_that_is_told_to_stop_does_not_measure_to_the_end_first(tmp_path: Path) -> None:
    started = tmp_path / "started"
    program = ("import signal, sys; from pathlib import Path; from tests.unit.bench.test_rows import measure_for_long, rows_of;"
               "signal.signal(signal.SIGTERM, lambda *_: sys.exit(143)); list(rows_of(measure_for_long, Path(sys.argv[1])))")
    bench = subprocess.Popen([sys.executable, "-c", program, str(started)])
    deadline = time.monotonic() + 60
    while not (started.exists() and started.read_text()):
        assert time.monotonic() < deadline
        time.sleep(0.05)
    bench.terminate()
    assert bench.wait(20) == 143
    with pytest.raises(ProcessLookupError):
        os.kill(int(started.read_text()), 0)
