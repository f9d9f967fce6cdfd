"""`python -m worker.book.make.bench`: each stage between stored segments and a finished book, by the CPU time it takes.

    python -m worker.book.make.bench                    20 minutes of espeak-ng's speech
    python -m worker.book.make.bench --minutes 60

CPU time counts both this process and every ffmpeg, so that other work on the machine matters little: "x realtime" is what one
core would do. Stages run one after the other, all of them several times; the best of each counts.
"""

import argparse
import sys
import tempfile
from pathlib import Path

from worker.book.make.bench.cost import Cost, cost_of
from worker.book.make.bench.speech import keep_segments
from worker.book.make.bench.stages import Stage, stages


def main(arguments: list[str]) -> int:
    asked = _parser().parse_args(arguments)
    with tempfile.TemporaryDirectory(prefix="speechmill-bench-") as folder:
        segments = keep_segments(Path(folder), asked.minutes * 60)
        rounds = [_round(segments.paths, Path(folder)) for _ in range(asked.rounds)]
    sys.stdout.write(f"{len(segments.paths)} segments, {segments.duration_s / 60:.1f} minutes, best of {asked.rounds}\n\n")
    sys.stdout.write("| stage | × realtime of a core | MiB, this process | MiB, ffmpeg |\n| --- | --- | --- | --- |\n")
    for stage, *costs in zip(rounds[0], *(costs.values() for costs in rounds), strict=True):
        sys.stdout.write(_line(stage, min(costs, key=lambda cost: cost.cpu_s), segments.duration_s))
    return 0


def _round(segments: list[Path], folder: Path) -> dict[str, Cost]:
    with tempfile.TemporaryDirectory(dir=folder) as scratch:
        return {stage.name: _measured(stage, Path(scratch) / f"{number}") for number, stage in enumerate(stages(segments))}


def _measured(stage: Stage, folder: Path) -> Cost:
    folder.mkdir()
    return cost_of(stage.begin(folder))


def _line(name: str, cost: Cost, duration_s: float) -> str:
    encoders = f"{cost.children_mib:.0f}" if cost.children_mib else "–"
    return f"| {name} | {duration_s / cost.cpu_s:.0f} | {cost.own_mib:.0f} | {encoders} |\n"


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m worker.book.make.bench", description="Measure the making of audiobooks.")
    parser.add_argument("--minutes", type=float, default=20.0, help="How much speech.")
    parser.add_argument("--rounds", type=int, default=2, help="How often all stages run.")
    return parser


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
