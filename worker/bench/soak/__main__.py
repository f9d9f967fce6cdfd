"""`python -m worker.bench.soak`: mixed load on an engine's process for long: does each utterance end once, does memory grow?

    python -m worker.bench.soak --random tiny --minutes 60
    python -m worker.bench.soak --random 1.7b --minutes 8 --slots 64 --json soak.json
    python -m worker.bench.soak --checkpoint Qwen/Qwen3-TTS-12Hz-1.7B-Base --minutes 60 --slots 64

Ends with status 1 where an utterance did not end exactly once, a slot did not come back, or memory grew beyond the limit.
"""

import argparse
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from worker.bench.soak.lap import LapOrder, LapResult, run_lap
from worker.bench.soak.memory import Limit
from worker.bench.soak.report import show_lap, to_json, verdict
from worker.bench.soak.weights import random_checkpoint
from worker.bench.stopping import end_in_order
from worker.model.config import Kind
from worker.model.errors import EngineError

KINDS: tuple[Kind, ...] = ("custom_voice", "base")
"""Laps over random weights: one speaks with its own voices, the other clones."""


def main(arguments: list[str]) -> int:
    asked = _parser().parse_args(arguments)
    end_in_order()  # random weights would stay in their folder
    limit, laps = Limit(asked.limit), list[LapResult]()
    try:
        for lap in _laps(asked):
            laps.append(lap)
            sys.stdout.write(f"\n{show_lap(lap, limit)}")
            sys.stdout.flush()
            if asked.json:  # after each lap: the next one may not start
                asked.json.write_text(to_json(laps, limit))
    except EngineError as error:
        sys.stderr.write(f"{error}\n")
        return 2
    sys.stdout.write(verdict(laps, limit))
    return 0 if all(lap.is_well(limit) for lap in laps) else 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m worker.bench.soak", description="Mixed load on an engine's process.")
    what = parser.add_mutually_exclusive_group(required=True)
    what.add_argument("--checkpoint", help="A hub id or a directory: one lap.")
    what.add_argument("--random", choices=["tiny", "0.6b", "1.7b"],
                      help="Random weights of this size: half the time CustomVoice, half of it Base, which clones.")
    parser.add_argument("--minutes", type=_positive, default=10.0, help="How long in all; 10 if left out.")
    parser.add_argument("--slots", type=_slots, default=8, help="Utterances spoken at once; 8 if left out.")
    parser.add_argument("--every", type=_positive, default=5.0, metavar="SECONDS", help="Time between two looks; 5 if left out.")
    parser.add_argument("--longest", type=_positive, default=20.0, metavar="SECONDS",
                        help="Longest utterance; 20 if left out. From there down to one frame, most are short.")
    parser.add_argument("--limit", type=_positive, default=64.0, metavar="MIB",
                        help="Most that memory may grow in an hour, in the second half of a lap; 64 if left out.")
    parser.add_argument("--threads", type=int, default=0, help="Threads that a CPU computes with; 0: torch's own choice.")
    parser.add_argument("--seed", type=int, default=0, help="Of everything that is drawn.")
    parser.add_argument("--offline", action="store_true", help="Take a hub id from the cache alone.")
    parser.add_argument("--json", type=Path, help="Write the report there too.")
    return parser


def _positive(text: str) -> float:
    if not float(text) > 0:
        raise argparse.ArgumentTypeError("it must be more than 0")
    return float(text)


def _slots(text: str) -> int:
    if int(text) < 2:
        raise argparse.ArgumentTypeError("at least 2 slots: one is kept for interactive utterances")
    return int(text)


def _laps(asked: argparse.Namespace) -> Iterator[LapResult]:
    order = LapOrder("", Path(), asked.slots, 60 * asked.minutes, asked.every, asked.longest, asked.seed, asked.threads)
    if asked.checkpoint:
        from worker.model.hub import fetch

        folder = fetch(asked.checkpoint, offline=asked.offline, report=lambda progress: print(progress, file=sys.stderr))  # noqa: T201
        yield run_lap(replace(order, label=folder.name, checkpoint=folder))
        return
    for kind in KINDS:
        with random_checkpoint(asked.random, kind) as folder:
            yield run_lap(replace(order, label=f"{asked.random} {kind}", checkpoint=folder, seconds=order.seconds / len(KINDS)))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
