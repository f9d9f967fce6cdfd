"""The guide as a table for people and as JSON lines for programs. No torch."""

import json
from collections.abc import Sequence
from dataclasses import asdict

from worker.bench.guide.order import Speed
from worker.bench.guide.schedule import Outcome
from worker.bench.guide.verdict import Gain, alone, gains, times_realtime, together, word

_COLUMNS = ("backend", "what is changed", "× realtime alone", "RTF", "gain", "× together (at once)", "gain", "VRAM GB",
            "ready after s", "in a word")


def table(outcomes: Sequence[Outcome]) -> str:
    """Markdown. A gain is over the row that the row changes (rows.py)."""
    by_name = {outcome.row.name: outcome for outcome in outcomes}
    rows = [_cells(outcome, by_name.get(outcome.row.against)) for outcome in outcomes]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in [_COLUMNS, ["---"] * len(_COLUMNS), *rows])


def json_lines(outcomes: Sequence[Outcome]) -> str:
    by_name = {outcome.row.name: outcome for outcome in outcomes}
    return "".join(json.dumps(_json(outcome, by_name.get(outcome.row.against))) + "\n" for outcome in outcomes)


def line(outcome: Outcome) -> str:
    """As soon as it is known, without what it is compared with."""
    speeds = ", ".join(f"{times_realtime(speed):.2f}x at {speed.at_once}" for speed in outcome.speeds)
    return f"{outcome.row.name}: {speeds or '-'}{f' ({outcome.problem})' if outcome.problem else ''}"


def _cells(outcome: Outcome, against: Outcome | None) -> list[str]:
    lone, many = alone(outcome), together(outcome)
    lone_gain, many_gain = gains(outcome, against)
    vram_gb = max((speed.vram_gb for speed in outcome.speeds), default=0.0)
    return [
        outcome.row.backend, outcome.row.what,
        _number(lone), f"{1 / times_realtime(lone):.3f}" if lone else "", _times(lone_gain),
        f"{_number(many)} ({many.at_once})" if many else "", _times(many_gain),
        f"{vram_gb:.1f}" if vram_gb else "", f"{outcome.ready_after_s:.0f}" if outcome.ready_after_s else "",
        word(outcome, against),
    ]


def _json(outcome: Outcome, against: Outcome | None) -> dict[str, object]:
    lone_gain, many_gain = gains(outcome, against)
    return {
        "name": outcome.row.name, "backend": outcome.row.backend, "what": outcome.row.what, "against": outcome.row.against,
        "setup": asdict(outcome.row.setup) if outcome.row.setup else None,
        "speeds": [{**asdict(speed), "times_realtime": times_realtime(speed)} for speed in outcome.speeds],
        "gain_alone": lone_gain.times if lone_gain else None, "gain_together": many_gain.times if many_gain else None,
        "ready_after_s": outcome.ready_after_s, "problem": outcome.problem, "word": word(outcome, against),
    }


def _number(speed: Speed | None) -> str:
    """Three figures are as many as are sure."""
    if speed is None:
        return ""
    value = times_realtime(speed)
    return f"{value:,.0f}" if value >= 100 else f"{value:.1f}" if value >= 10 else f"{value:.2f}"


def _times(gain: Gain | None) -> str:
    return f"×{gain.times:.2f}" if gain else ""
