"""Rows as a table for people and as JSON lines for programs."""

import json
from collections.abc import Iterable
from dataclasses import asdict

from worker.bench.case import Row

_COLUMNS = (
    ("configuration", lambda row: row.label),
    ("c", lambda row: str(row.concurrency)),
    ("× realtime", lambda row: f"{row.times_realtime:.1f}"),
    ("RTF", lambda row: f"{row.rtf:.3f}"),
    ("first audio ms (p95)", lambda row: f"{row.first_audio_ms:.0f} ({row.first_audio_p95_ms:.0f})"),
    ("rows", lambda row: f"{row.mean_rows:.1f}"),
    ("predictor ms", lambda row: f"{row.predictor_ms:.2f}"),
    ("talker ms", lambda row: f"{row.talker_ms:.2f}"),
    ("codec ms", lambda row: f"{row.codec_ms:.2f}"),
    ("admission ms", lambda row: f"{row.admission_ms:.2f}"),
    ("of the floor", lambda row: f"{row.of_floor:.0%}"),
    ("VRAM GB", lambda row: f"{row.vram_gb:.1f}"),
    ("warm-up s", lambda row: f"{row.warm_up_s:.0f}"),
)


def table(rows: Iterable[Row]) -> str:
    """A Markdown table, and below it what the configurations had to say."""
    rows = list(rows)
    lines = [" | ".join(name for name, _ in _COLUMNS), " | ".join("---" for _ in _COLUMNS)]
    lines += [" | ".join(cell(row) for _, cell in _COLUMNS) for row in rows]
    notes = dict.fromkeys(f"{row.label}: {row.notes}" for row in rows if row.notes)
    return "\n".join([*(f"| {line} |" for line in lines), "", *notes])


def json_lines(rows: Iterable[Row]) -> str:
    return "".join(json.dumps({**asdict(row), "of_floor": row.of_floor}) + "\n" for row in rows)
