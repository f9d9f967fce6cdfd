"""What was measured, as JSON for programs and as a table for people."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import typer

from speechmill.cli.bench.serve.measure import Served
from speechmill.cli.show import show_table


@dataclass(frozen=True)
class Report:
    """`engine_times_realtime`: of the engine alone; None where nobody asked. `notes` say what was done to make the load."""

    machine: dict[str, Any]
    voice: str
    concurrency: int
    n_open: int
    served: Sequence[Served]
    engine_times_realtime: float | None
    notes: Sequence[str]

    def as_json(self) -> dict[str, Any]:
        return {"machine": self.machine, "voice": self.voice, "concurrency": self.concurrency, "open_jobs": self.n_open,
                "engine_times_realtime": self.engine_times_realtime, "notes": list(self.notes),
                "formats": [self._format(served) for served in self.served]}

    def _format(self, served: Served) -> dict[str, Any]:
        return {"format": served.format, "times_realtime": served.steady.times_realtime,
                "of_engine": self._of_engine(served.steady.times_realtime), "n_refused": served.n_refused,
                **asdict(served.steady),
                "made": asdict(served.made) if served.made else None, "takes": asdict(served.takes), "cores": served.cores}

    def _of_engine(self, times_realtime: float) -> float | None:
        return times_realtime / self.engine_times_realtime if self.engine_times_realtime else None


def show(report: Report) -> None:
    show_table(("", "KEPT X REALTIME", "OF THE ENGINE", "MADE X", "ROWS", "JOBS", "REFUSED", "FAILED", "FLAGGED", "SPOKEN A TAKE",
                "202 MS P50 (P99)", "DONE MS P50 (P95)"), [_row(report, served) for served in report.served])
    if report.engine_times_realtime:
        typer.echo(f"the engine alone, {report.concurrency} in flight: {report.engine_times_realtime:.1f}x")
    for served in report.served:
        cores = ", ".join(f"{part} {n:.2f}" for part, n in sorted(served.cores.items(), key=lambda pair: -pair[1]))
        typer.echo(f"cores busy, {served.format}: {cores}")
    for note in report.notes:
        typer.echo(note)
    typer.echo(f"on {report.machine['cores']} cores, Python {report.machine['python']}")


def _row(report: Report, served: Served) -> tuple[str, ...]:
    steady, made, takes = served.steady, served.made, served.takes
    of_engine = steady.times_realtime / report.engine_times_realtime if report.engine_times_realtime else None
    return (served.format, f"{steady.times_realtime:.1f}", f"{of_engine:.0%}" if of_engine else "–",
            f"{made.times_realtime:.1f}" if made else "–", f"{made.mean_rows:.1f}" if made else "–", str(steady.n_jobs),
            str(served.n_refused), str(steady.n_failed), f"{takes.n_flagged / max(1, takes.n):.0%}",
            f"{takes.n_spoken / max(1, takes.n):.2f}",
            f"{_ms(steady.accept_p50_ms)} ({_ms(steady.accept_p99_ms)})",
            f"{_ms(steady.done_p50_ms)} ({_ms(steady.done_p95_ms)})")


def _ms(ms: float | None) -> str:
    return "–" if ms is None else f"{ms:.1f}" if ms < 100 else f"{ms:.0f}"
