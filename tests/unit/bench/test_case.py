"""A configuration to measure is read from one word on the command line, and what does not exist is refused."""

from pathlib import Path

import pytest

from worker.bench.__main__ import main
from worker.bench.case import BadCase, Case


def test_options_change_the_defaults() -> None:
    options = Case.parse("engine,cuda_graphs=false,decode_attention=sdpa,slot_positions=512").options(Path("x"), 16)
    assert (options.cuda_graphs, options.decode_attention, options.slot_positions) == (False, "sdpa", 512)
    assert (options.n_slots, options.interactive_slots) == (17, 1)


@pytest.mark.parametrize(("text", "problem"), [
    # Only our engine is measured: a row under another name would hold our own figures.
    ("reference", "no backend 'reference'"),
    ("reference,tf32=false", "no backend 'reference'"),
    ("engine,attention=sdpa", "no option 'attention'"),
    ("engine,tf32=yes", "tf32 is true or false"),
    ("engine,n_slots=-1", "n_slots is a whole number"),
])
def test_what_cannot_be_measured_is_refused(text: str, problem: str) -> None:
    with pytest.raises(BadCase, match=problem):
        Case.parse(text)


@pytest.mark.parametrize("change", ["n_slots=4", "n_slots=0", "interactive_slots=2"])
def test_slots_that_the_load_does_not_fit_in_are_refused_before_anything_is_measured(
        change: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ["--checkpoint", str(tmp_path), "--concurrency", "1,4", "--config", "engine", "--config", f"engine,{change}"]
    assert main(arguments) == 2
    assert "4 utterances in flight need as many slots" in capsys.readouterr().err


@pytest.mark.parametrize("lengths", ["20,5", "0,0", "0.1,2", "nan,nan", "1,inf", "5", "a,b"])
def test_lengths_that_nothing_can_have_are_refused(lengths: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["--random", "tiny", "--lengths", lengths])
    assert "argument --lengths" in capsys.readouterr().err
