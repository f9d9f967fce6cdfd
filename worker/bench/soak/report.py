"""A soak as a short table, and as JSON."""

import json
import math
from collections.abc import Sequence
from dataclasses import asdict

from worker.bench.soak.lap import LapResult
from worker.bench.soak.memory import Limit, Trend

_NAMES = {"engine": "engine, host", "caller": "caller, host", "gpu_allocated": "engine, GPU, in use",
          "gpu_reserved": "engine, GPU, held", "gpu_used": "the whole GPU"}


def show_lap(lap: LapResult, limit: Limit) -> str:
    """For people: how its utterances ended, and its memory."""
    books = lap.books
    ends = ", ".join(f"{n:,} {how}" for how, n in books.counts.most_common())
    rows = [f"  {_NAMES[trend.name]:<20} {trend.first:>8,.0f} {trend.half:>8,.0f} {trend.last:>8,.0f} {trend.most:>8,.0f}   "
            f"{_slope(trend)}{'   GROWS' if trend.grows(limit) else ''}" for trend in lap.trends]
    lines = [f"{lap.label}: {lap.minutes:.1f} min, {books.n_asked:,} utterances ({ends}), {books.audio_s:,.0f} s of audio, "
             f"{books.audio_s / 60 / lap.minutes:.1f} times real time",
             f"  {'MiB':<20} {'start':>8} {'half':>8} {'end':>8} {'most':>8}   MiB an hour, second half", *rows,
             *(f"  wrong: {problem}" for problem in lap.problems)]
    return "\n".join(lines) + "\n\n"


def verdict(laps: Sequence[LapResult], limit: Limit) -> str:
    """One line, over all laps."""
    asked = f"limit: {limit.mib_per_hour:g} MiB an hour, and more than allocators come and go by"
    if all(lap.is_well(limit) for lap in laps):
        too_short = any(math.isnan(trend.slope) for lap in laps for trend in lap.trends)
        memory = "too short to tell whether memory grows" if too_short else "memory does not grow"
        return f"Each utterance ended once, every slot came back, {memory} ({asked}).\n"
    return f"Not well ({asked}): see GROWS and wrong above.\n"


def to_json(laps: Sequence[LapResult], limit: Limit) -> str:
    return json.dumps({"ok": all(lap.is_well(limit) for lap in laps), "limit_mib_per_hour": limit.mib_per_hour, "laps": [
        {"label": lap.label, "minutes": round(lap.minutes, 2), "asked": lap.books.n_asked, "ended": dict(lap.books.counts),
         "audio_s": round(lap.books.audio_s, 1), "problems": list(lap.problems), "n_wrong": lap.books.n_wrong,
         "memory_mib": [{key: _number(value) for key, value in asdict(trend).items()} for trend in lap.trends]}
        for lap in laps]}, indent=1) + "\n"


def _slope(trend: Trend) -> str:
    return "too few looks" if math.isnan(trend.slope) else f"{trend.slope:+.1f} ± {trend.spread:.1f}"


def _number(value: object) -> object:
    """JSON has no NaN."""
    if isinstance(value, float):
        return None if math.isnan(value) else round(value, 2)
    return value
