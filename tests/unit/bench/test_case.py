"""A configuration to measure is read from one word on the command line, and what does not exist is refused."""

from pathlib import Path

import pytest

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
