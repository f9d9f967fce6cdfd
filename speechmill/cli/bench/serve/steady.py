"""From jobs that ended to the figures of a steady load."""

from collections.abc import Sequence
from dataclasses import dataclass

from speechmill.cli.bench.load import percentile_ms
from speechmill.cli.bench.serve.load import Ended


@dataclass(frozen=True)
class Steady:
    """What a window of a load gave. Counted are the jobs that ended after the first end in it and not after the last one, over
    the time between the two: `audio_s` seconds of sound that can be downloaded. Acceptance is that of jobs posted meanwhile, from
    the post to the 202, and done is counted from there."""

    wall_s: float
    audio_s: float
    n_jobs: int
    n_failed: int
    accept_p50_ms: float | None
    accept_p99_ms: float | None
    done_p50_ms: float | None
    done_p95_ms: float | None

    @property
    def times_realtime(self) -> float:
        return self.audio_s / self.wall_s


def steady(ended: Sequence[Ended]) -> Steady:
    """`ended`: in a window, in any order. Raises ValueError for less than three, or all of one moment."""
    in_order = sorted(ended, key=lambda job: job.ended_s)
    if len(in_order) < 3 or in_order[0].ended_s == in_order[-1].ended_s:
        raise ValueError(f"{len(in_order)} jobs ended in the window, too few to tell a speed")
    first_s, last_s = in_order[0].ended_s, in_order[-1].ended_s
    counted = [job for job in in_order if job.ended_s > first_s]
    # What was posted before the window was posted in one burst, to fill up.
    accepted = sorted(job.accepted_s - job.posted_s for job in counted if job.posted_s >= first_s)
    done = sorted(job.ended_s - job.accepted_s for job in counted if not job.error)
    return Steady(
        wall_s=last_s - first_s, audio_s=sum(job.audio_s for job in counted), n_jobs=len(counted),
        n_failed=sum(bool(job.error) for job in counted),
        accept_p50_ms=_percentile_ms(accepted, 50), accept_p99_ms=_percentile_ms(accepted, 99),
        done_p50_ms=_percentile_ms(done, 50), done_p95_ms=_percentile_ms(done, 95))


def _percentile_ms(ordered_s: list[float], percent: float) -> float | None:
    return percentile_ms(ordered_s, percent) if ordered_s else None
