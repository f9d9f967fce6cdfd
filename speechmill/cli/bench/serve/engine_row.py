"""What `bench engine` says of the same engine alone, under as many utterances: the most that serving could reach."""

import json
from collections.abc import Collection
from pathlib import Path

from speechmill.cli.exits import Exit, Failure


def read_row(file: Path, concurrency: int) -> float:
    """Times realtime of the row that `bench engine --json` wrote for this concurrency. Raises Failure."""
    try:
        rows = [json.loads(line) for line in file.read_text("utf-8").splitlines() if line.strip()]
        speeds = [(int(row["concurrency"]), float(row["times_realtime"])) for row in rows]
    except OSError as error:
        raise Failure(f"cannot read {file}: {error.strerror}.", Exit.USAGE) from None
    except (ValueError, TypeError, KeyError):
        raise Failure(f"{file} is not what `speechmill bench engine --json {file}` writes.", Exit.USAGE) from None
    found = [speed for n, speed in speeds if n == concurrency]
    if not found:
        raise Failure(f"{file} has no row of {concurrency} utterances in flight; it has {_numbers({n for n, _ in speeds})}.",
                      Exit.USAGE)
    if len(found) > 1:  # of several configurations, and only one of them is what serves
        raise Failure(f"{file} has {len(found)} rows of {concurrency} utterances in flight; leave one of them.", Exit.USAGE)
    return found[0]


def measure_row(checkpoint: str, concurrency: int, lengths: str, seconds: float, folder: Path) -> float:
    """Times realtime of `bench engine` now, in a process of its own that leaves the GPU when it is done. `lengths` as its option
    has them. Raises Failure."""
    from speechmill.cli.bench.engine import run_engine_bench

    file = folder / "engine.jsonl"
    status = run_engine_bench(["--checkpoint", checkpoint, "--concurrency", str(concurrency), "--lengths", lengths, "--seconds",
                               f"{seconds:g}", "--probes", "2", "--json", str(file)])
    if status:
        raise Failure(f"the engine's own bench ended with status {status}; --no-engine leaves it out.")
    return read_row(file, concurrency)


def _numbers(numbers: Collection[int]) -> str:
    return ", ".join(map(str, sorted(numbers))) or "none"
