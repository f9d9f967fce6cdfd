"""`python -m worker.bench.guide`: what each optimisation of Qwen3-TTS is worth on this machine, row by row.

    python -m worker.bench.guide --random 1.7b --reference-python ~/qwen-tts/bin/python
    python -m worker.bench.guide --random 1.7b --rows 'engine*' --rows reference

The unmodified qwen-tts package wants another transformers than the engine does: --reference-python is the interpreter of an
environment that has it (pip install 'speechmill[reference]', or qwen-tts alone).
"""

import argparse
import importlib.util
import platform
import sys
from pathlib import Path

from worker.bench import weights
from worker.bench.guide.order import Plan
from worker.bench.guide.report import json_lines, line, table
from worker.bench.guide.rows import GuideRow, UnknownRow, choose, guide_rows
from worker.bench.guide.schedule import Limits, Outcome, Schedule
from worker.bench.stopping import end_in_order
from worker.model.config_file import checkpoint_config
from worker.model.errors import CheckpointError, EngineError
from worker.model.fields import Fields

NO_REFERENCE = "the package qwen-tts is not in this environment; --reference-python says which has it"


def main(arguments: list[str]) -> int:
    asked = _parser().parse_args(arguments)
    end_in_order()  # processes that stand still would stay, with the GPU's memory
    try:
        rows = choose(guide_rows(asked.batch), asked.rows)
        with weights.weights(asked) as checkpoint:
            _require_voices(checkpoint)
            outcomes = _measure(rows, asked, checkpoint)
    except (UnknownRow, EngineError) as error:
        sys.stderr.write(f"{error}\n")
        return 2
    sys.stdout.write(f"\n{asked.label or platform.node()}\n\n{table(outcomes)}\n")
    if asked.side_by_side > 1:
        sys.stdout.write(f"\nUp to {asked.side_by_side} rows were made ready side by side, which takes each longer than alone.\n")
    if asked.json:
        asked.json.write_text(json_lines(outcomes))
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m worker.bench.guide", description="Measure each optimisation by itself.")
    weights.add_options(parser)
    parser.add_argument("--reference-python", default="", metavar="PATH",
                        help="The interpreter that has qwen-tts; this one, if left out.")
    parser.add_argument("--rows", action="append", default=[], metavar="PATTERN",
                        help="Only rows whose name matches, as in 'engine*'; may be repeated.")
    parser.add_argument("--limit-s", type=float, default=Limits.row_s, help="Longest that a row may take; 300 if left out.")
    parser.add_argument("--total-s", type=float, default=Limits.total_s, help="Longest that all rows together may take.")
    parser.add_argument("--batch", type=_several, default=32, help="Utterances together, where not alone; 32 if left out.")
    parser.add_argument("--side-by-side", type=_number, default=Limits.side_by_side, metavar="N",
                        help="Rows made ready at once, each with the weights in the GPU's memory; measured is one at a time.")
    parser.add_argument("--device", choices=["auto", "cuda", "cpu"], default="auto", help="Where to compute.")
    parser.add_argument("--frames", type=_several, default=Plan.frames, help="Of an utterance of qwen-tts, 80 ms each.")
    parser.add_argument("--rounds", type=_number, default=Plan.rounds, help="Calls of qwen-tts for each load.")
    parser.add_argument("--seconds", type=float, default=Plan.seconds, help="How long the engine is measured under each load.")
    parser.add_argument("--label", default="", help="Stands over the table: what was measured, on what.")
    parser.add_argument("--json", type=Path, help="Write the rows there too, one JSON object a line.")
    return parser


def _number(text: str) -> int:
    if int(text) < 1:
        raise argparse.ArgumentTypeError("at least 1")
    return int(text)


def _several(text: str) -> int:
    if int(text) < 2:
        raise argparse.ArgumentTypeError("at least 2")
    return int(text)


def _require_voices(checkpoint: Path) -> None:
    config = checkpoint_config(Fields.read(checkpoint / "config.json"),
                               Fields.read(checkpoint / "speech_tokenizer" / "config.json"))
    if not config.speakers:
        raise CheckpointError(f"{checkpoint} has no voices of its own; the guide speaks with a CustomVoice checkpoint.")


def _measure(rows: list[GuideRow], asked: argparse.Namespace, checkpoint: Path) -> list[Outcome]:
    """In the table's order; a line about each on standard error as it comes."""
    plan = Plan(str(checkpoint), device=asked.device, frames=asked.frames, rounds=asked.rounds, seconds=asked.seconds)
    pythons = {"engine": sys.executable, "reference": asked.reference_python or sys.executable}
    absent = {} if asked.reference_python or importlib.util.find_spec("qwen_tts") else {"reference": NO_REFERENCE}
    outcomes = {row.name: Outcome(row, problem=absent.get(row.backend, "")) for row in rows}
    possible = [row for row in rows if row.setup and row.backend not in absent]
    if asked.side_by_side > 1:  # what takes longest to get ready first
        possible.sort(key=lambda row: "compile" not in row.name)
    limits = Limits(asked.limit_s, asked.total_s, asked.side_by_side)
    for outcome in Schedule(possible, plan, pythons, limits).outcomes():
        outcomes[outcome.row.name] = outcome
        sys.stderr.write(f"{line(outcome)}\n")
    return list(outcomes.values())


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
