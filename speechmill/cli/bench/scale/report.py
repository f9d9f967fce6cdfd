"""What was measured, as JSON for programs and as tables for people."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import typer

from speechmill.cli.bench.scale.book import Book
from speechmill.cli.bench.scale.curve import Point
from speechmill.cli.bench.scale.leases import Beat, Crash
from speechmill.cli.bench.scale.limit import SPEECH_S, Reached
from speechmill.cli.show import show_table


@dataclass(frozen=True)
class Report:
    """`ended_bytes`: memory of Redis for each ended job."""

    machine: dict[str, Any]
    points: Sequence[Point]
    ended_bytes: float
    book: Book
    beats: Sequence[Beat]
    crashes: Sequence[Crash]
    reached: Sequence[Reached]

    def as_json(self) -> dict[str, Any]:
        return {**asdict(self), "reached": [{**asdict(one), "most_per_s": one.most_per_s, "gpus": one.gpus}
                                            for one in self.reached]}


def show(report: Report) -> None:
    _show_curve(report.points)
    typer.echo(f"an ended job takes {report.ended_bytes:,.0f} bytes\n")
    _show_book(report.book)
    _show_leases(report)
    _show_limit(report.reached)
    machine = report.machine
    typer.echo(f"on {machine['cores']} cores, load average {machine['load_average']:.1f}, Python {machine['python']}")


def _show_curve(points: Sequence[Point]) -> None:
    head = tuple(f"{point.jobs:,}" + (f" OF {point.tenants:,} TENANTS" if point.tenants > 1 else "") for point in points)
    names = list(points[0].costs)
    typer.echo("time in Redis, p50, microseconds, while so many jobs wait (ratio to a Redis beside in which 100 wait)")
    show_table(("", *head, "COMMANDS"), [
        (name, *(f"{point.costs[name].redis_p50_us:.0f} ({point.ratios[name]:.2f})" for point in points),
         f"{points[-1].costs[name].commands:.0f}") for name in names])
    typer.echo("\nround trip of one client, with the disk where it writes, p50 (p99), microseconds")
    show_table(("", *head), [
        (name, *(f"{point.costs[name].wait_p50_us:.0f} ({point.costs[name].wait_p99_us:.0f})" for point in points))
        for name in names])
    typer.echo("")
    show_table(("", *head), [("bytes a job that waits", *(f"{point.job_bytes:,.0f}" for point in points))])


def _show_book(book: Book) -> None:
    typer.echo(f"a job of {book.segments:,} segments: PLANNED keeps Redis busy for {book.plan_redis_ms:.2f} ms (another client's "
               f"longest wait meanwhile {book.stall_ms:.1f} ms, without it {book.calm_ms:.1f} ms)")
    typer.echo(f"bytes a segment: {book.plan_bytes:.1f} planned, {book.take_bytes:.0f} spoken; "
               f"COMPLETED {book.completed_redis_ms:.2f} ms, DELETE {book.delete_redis_ms:.2f} ms")
    typer.echo(f"units of it claimed before another tenant's sentence: {book.claims_before_sentence}")
    show_table(("FROM SEGMENT", "CLAIM P50 (P99) US", "SPOKEN P50 (P99) US"), [
        (f"{at.first_segment:,}", *(f"{cost.redis_p50_us:.0f} ({cost.redis_p99_us:.0f})" for cost in (at.claim, at.spoken)))
        for at in book.stretches])
    typer.echo("")


def _show_leases(report: Report) -> None:
    show_table(("LEASES", "BEAT IN REDIS MS P50 (P99)", "US A LEASE"), [
        (f"{beat.leases:,}", f"{beat.cost.redis_p50_us / 1000:.2f} ({beat.cost.redis_p99_us / 1000:.2f})",
         f"{beat.cost.redis_p50_us / beat.leases:.2f}") for beat in report.beats])
    for crash in report.crashes:
        typer.echo(f"a worker dies with {crash.leases:,} leases: sweeps that take them back: {crash.sweeps}, the longest "
                   f"{crash.longest_ms:.1f} ms in Redis")
    typer.echo("")


def _show_limit(reached: Sequence[Reached]) -> None:
    show_table(("UNITS", "WORKERS", "FSYNC", "UNITS/S", "REDIS'S CORE", "CLIENTS' CORES", "REDIS US A UNIT", "IN SCRIPTS",
                "IN COMMANDS", "AT A WHOLE CORE", "GPUS AT 1,000X"), [_limit_row(one) for one in reached])


def _limit_row(one: Reached) -> tuple[str, ...]:
    return (f"{one.load.kind} of {SPEECH_S[one.load.kind]:g} s", str(one.load.processes), one.load.fsync,
            f"{one.units_per_s:,.0f}", f"{one.redis_core:.0%}", f"{one.clients_core:.2f}", f"{one.redis_us:.0f}",
            f"{one.script_us:.0f}", f"{one.command_us:.0f}", f"{one.most_per_s:,.0f}/s", f"{one.gpus:.0f}")
