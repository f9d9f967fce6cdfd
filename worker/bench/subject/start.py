"""Runs one function of worker.bench in whichever interpreter runs this file:

    PYTHON -P …/worker/bench/subject/start.py worker.bench.guide.reference_row:measure

`worker` is found beside this file and nowhere else: that interpreter may lack it, and of the packages around it none may hide
the interpreter's own, which are of other versions (qwen-tts pins its transformers). Python 3.11 or newer.
"""

import importlib
import importlib.util
import os
import sys
from pathlib import Path


def main(function: str) -> None:
    answers = os.dup(1)
    os.dup2(2, 1)  # what libraries print goes with the warnings; answers have a line of their own
    _find_worker()
    from worker.bench.subject.channel import Channel

    channel = Channel(answers)
    module, _, name = function.partition(":")
    with channel.telling_problems():
        getattr(importlib.import_module(module), name)(channel)
    channel.end()


def _find_worker() -> None:
    folder = Path(__file__).resolve().parents[2]
    spec = importlib.util.spec_from_file_location("worker", folder / "__init__.py", submodule_search_locations=[str(folder)])
    assert spec is not None
    assert spec.loader is not None
    sys.modules["worker"] = module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)


if __name__ == "__main__":
    main(sys.argv[1])
