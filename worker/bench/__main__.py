"""`python -m worker.bench`: how fast an engine speaks under a steady load of utterances that join and leave; or, with --compare,
the same texts spoken by the engine and by others.

    python -m worker.bench --random 1.7b       random weights at the real size: speed is real, sound is not
    python -m worker.bench --checkpoint Qwen/Qwen3-TTS-12Hz-1.7B-CustomVoice --label H200
    python -m worker.bench --random 1.7b --config engine --config engine,cuda_graphs=false
    python -m worker.bench --random 1.7b --concurrency 1,64 --compare qwen-tts,python=PATH --compare http://127.0.0.1:8000/v1
"""

import argparse
import math
import platform
import sys
from pathlib import Path

from worker.bench import weights
from worker.bench.case import BadCase, Case, Plan, Row
from worker.bench.compare import report as comparison_report
from worker.bench.compare.comparison import Asked, compare
from worker.bench.compare.peer import BadPeer, Peer, parse_peer
from worker.bench.compare.row import PeerRow
from worker.bench.load import SHORTEST_S, Lengths
from worker.bench.report import json_lines, table
from worker.bench.rows import rows_of
from worker.bench.stopping import end_in_order
from worker.model.errors import EngineError


def main(arguments: list[str]) -> int:
    asked = _parser().parse_args(arguments)
    end_in_order()  # what is measured would go on by itself
    try:
        cases = [Case.parse(text) for text in asked.config or ["engine"]]
        for case in cases:  # all of them, before the first is measured
            case.options(Path(), max(asked.concurrency))
        peers = [parse_peer(text) for text in asked.compare]
        with weights.weights(asked) as checkpoint:
            if peers:
                return 0 if _compare(asked, cases, peers, checkpoint) else 1
            _measure(asked, cases, checkpoint)
    except (BadCase, BadPeer, EngineError) as error:
        sys.stderr.write(f"{error}\n")
        return 2
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m worker.bench", description="Measure an engine under a steady load.")
    weights.add_options(parser)
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
    parser.add_argument("--compare", action="append", default=[], metavar="PEER",
                        help="Instead, the engine beside qwen-tts[,python=PATH], faster-qwen3-tts[,python=PATH] or a URL such as "
                             "http://127.0.0.1:8000/v1[,model=NAME][,voice=NAME][,key_env=VARIABLE]; may be repeated.")
    parser.add_argument("--texts", type=int, default=4, help="Texts of each comparison, at least; two for each in flight.")
    parser.add_argument("--limit-s", type=float, default=60.0,
                        help="With --compare: nothing new is begun after that, for each load of each.")
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
    if not SHORTEST_S <= shortest_s <= longest_s < math.inf:
        raise argparse.ArgumentTypeError(f"FROM is at least {SHORTEST_S:g}, and TO at least FROM")
    return Lengths(shortest_s, longest_s)


def _measure(asked: argparse.Namespace, cases: list[Case], checkpoint: Path) -> None:
    from worker.bench.measure import measure

    rows: list[Row] = []
    try:
        for case in cases:
            plan = Plan(case, checkpoint, asked.concurrency, asked.seconds, asked.probes, asked.lengths)
            for row in rows_of(measure, plan):
                rows.append(row)
    finally:  # what was measured took minutes, and stands whatever the next one does
        if rows:
            _show(asked, table(rows), json_lines(rows))


def _compare(asked: argparse.Namespace, cases: list[Case], peers: list[Peer], checkpoint: Path) -> bool:
    """A line about each on standard error as it comes. Whether everybody spoke."""
    rows: list[PeerRow] = []
    try:
        for row in compare(cases, peers, Asked(checkpoint, asked.concurrency, asked.lengths, asked.texts, asked.limit_s)):
            rows.append(row)
            sys.stderr.write(f"{comparison_report.line(row)}\n")
    finally:
        if rows:
            _show(asked, comparison_report.table(rows), comparison_report.json_lines(rows))
    return all(math.isfinite(row.times_realtime) for row in rows)


def _show(asked: argparse.Namespace, shown: str, lines: str) -> None:
    sys.stdout.write(f"\n{asked.label or platform.node()}\n\n{shown}\n")
    if asked.json:
        asked.json.write_text(lines)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
