"""`python -m worker.bench`: how fast an engine speaks under a steady load of utterances that join and leave.

    python -m worker.bench --random 1.7b       random weights at the real size: speed is real, sound is not
    python -m worker.bench --checkpoint Qwen/Qwen3-TTS-12Hz-1.7B-CustomVoice --label H200
    python -m worker.bench --random 1.7b --config engine --config engine,cuda_graphs=false
"""

import argparse
import multiprocessing
import platform
import sys
import tempfile
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from pathlib import Path

from worker.bench.case import BadCase, Case, Row
from worker.bench.load import Lengths
from worker.bench.report import json_lines, table
from worker.model.errors import EngineError


def main(arguments: list[str]) -> int:
    asked = _parser().parse_args(arguments)
    try:
        cases = [Case.parse(text) for text in asked.config or ["engine"]]
        with _checkpoint(asked) as checkpoint:
            rows = _measure(asked, cases, checkpoint)
    except (BadCase, EngineError) as error:
        sys.stderr.write(f"{error}\n")
        return 2
    sys.stdout.write(f"\n{asked.label or platform.node()}\n\n{table(rows)}\n")
    if asked.json:
        asked.json.write_text(json_lines(rows))
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m worker.bench", description="Measure an engine under a steady load.")
    what = parser.add_mutually_exclusive_group(required=True)
    what.add_argument("--checkpoint", help="A hub id or a directory.")
    what.add_argument("--random", choices=["tiny", "0.6b", "1.7b"], help="Random weights of this size, made now.")
    parser.add_argument("--label", default="", help="Stands over the table: what was measured, on what.")
    parser.add_argument("--config", action="append", metavar="engine[,OPTION=VALUE…]",
                        help="Our engine with options of EngineOptions; may be repeated.")
    parser.add_argument("--concurrency", type=_numbers, default=(1, 16, 64, 128, 256), metavar="N,N…",
                        help="Utterances in flight.")
    parser.add_argument("--seconds", type=float, default=20.0, help="How long each load is measured once it is steady.")
    parser.add_argument("--lengths", type=_lengths, default=Lengths(), metavar="FROM,TO",
                        help="Seconds that utterances last; 5,20 if left out.")
    parser.add_argument("--probes", type=_probes, default=20,
                        help="Interactive utterances whose first audio is timed, at least 2.")
    parser.add_argument("--offline", action="store_true", help="Take a hub id from the cache alone.")
    parser.add_argument("--json", type=Path, help="Write the rows there too, one JSON object a line.")
    return parser


def _numbers(text: str) -> tuple[int, ...]:
    numbers = tuple(int(part) for part in text.split(","))
    if min(numbers) < 1:
        raise argparse.ArgumentTypeError("at least one utterance is in flight")
    return numbers


def _probes(text: str) -> int:
    if int(text) < 2:
        raise argparse.ArgumentTypeError("a spread needs at least 2 probes")
    return int(text)


def _lengths(text: str) -> Lengths:
    shortest_s, longest_s = (float(part) for part in text.split(","))
    return Lengths(shortest_s, longest_s)


@contextmanager
def _checkpoint(asked: argparse.Namespace) -> Iterator[Path]:
    from worker.bench.measure import write_random
    from worker.model.hub import fetch

    if asked.checkpoint:
        yield fetch(asked.checkpoint, offline=asked.offline, report=lambda progress: print(progress, file=sys.stderr))  # noqa: T201
        return
    with tempfile.TemporaryDirectory(prefix="speechmill-random-") as folder:
        with _process() as process:
            process.submit(write_random, Path(folder), asked.random).result()
        yield Path(folder)


def _measure(asked: argparse.Namespace, cases: list[Case], checkpoint: Path) -> list[Row]:
    from worker.bench.measure import Plan, measure

    rows: list[Row] = []
    for case in cases:
        plan = Plan(case, checkpoint, bool(asked.random), asked.concurrency, asked.seconds, asked.probes, asked.lengths)
        with _process() as process:
            rows += process.submit(measure, plan).result()
    return rows


def _process() -> ProcessPoolExecutor:
    """One that starts from nothing: CUDA does not survive a fork, and leaves the device's memory behind at its end only."""
    return ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn"))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
