"""The comparison as a table for people and as JSON lines for programs. No torch."""

import json
import math
from collections.abc import Sequence
from dataclasses import asdict

from worker.bench.compare.row import PeerRow

_COLUMNS = ("who", "at once", "× realtime", "RTF", "first sound ms, p50 (p95)", "texts", "errors", "notes")


def table(rows: Sequence[PeerRow]) -> str:
    """Markdown."""
    lines = [_COLUMNS, ["---"] * len(_COLUMNS), *(_cells(row) for row in rows)]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)


def json_lines(rows: Sequence[PeerRow]) -> str:
    """What was not measured is null."""
    return "".join(json.dumps({name: None if value != value else value for name, value in asdict(row).items()}) + "\n"
                   for row in rows)


def line(row: PeerRow) -> str:
    return f"{row.peer}, {row.at_once} at once: {_number(row.times_realtime, 2)}x, first sound {_number(row.first_ms, 0)} ms" + (
        f" ({row.notes})" if row.notes else "")


def _cells(row: PeerRow) -> list[str]:
    return [row.peer, str(row.at_once), _number(row.times_realtime, 2), _number(row.rtf, 3),
            f"{_number(row.first_ms, 0)} ({_number(row.first_p95_ms, 0)})", str(row.n_utterances), str(row.n_errors), row.notes]


def _number(value: float, places: int) -> str:
    return "–" if math.isnan(value) else f"{value:,.{places}f}"
