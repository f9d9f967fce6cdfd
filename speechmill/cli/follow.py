"""Following a job to its end, over restarts of the server too."""

import math
import time
from collections.abc import Callable

from speechmill.cli.api import Api, JobView
from speechmill.cli.exits import Exit, Failure

WAIT_S = 30
"""One long poll; proxies cut connections that are silent for a minute."""
PACE_S = 0.1
"""Least time between two looks: a job of thousands of segments changes more often than anybody can see."""
AWAY_S = 60.0
"""How long a server may be away: an accepted job survives that, so it is worth waiting."""

ENDS = {"completed": Exit.OK, "failed": Exit.FAILED, "expired": Exit.TIMEOUT, "cancelled": Exit.CANCELLED}


def follow(api: Api, job_id: str, *, timeout_s: float | None = None, away_s: float = AWAY_S, pace_s: float = PACE_S,
           on_change: Callable[[JobView], None] | None = None) -> JobView:
    """The job once it has ended; `on_change` sees its state on the way, every `pace_s` at most. Raises Failure: TIMEOUT,
    NOT_FOUND, and UNAVAILABLE once the server was away for `away_s`."""
    deadline = math.inf if timeout_s is None else time.monotonic() + timeout_s
    away_since: float | None = None
    known = ""
    wait_s = None
    while True:
        try:
            look = api.look(job_id, wait_s=wait_s, known=known)
            away_since = None
        except Failure as failure:
            away_since = away_since or time.monotonic()
            if failure.exit is not Exit.UNAVAILABLE or time.monotonic() > min(away_since + away_s, deadline):
                raise
            look = None
            time.sleep(1)
        if look:
            if on_change:
                on_change(look.job)
                known = look.etag
            if look.job["status"] in ENDS:
                return look.job
        left_s = deadline - time.monotonic()
        if left_s <= 0:
            raise Failure(f"{job_id} has not ended in {timeout_s:g} s; it goes on.", Exit.TIMEOUT)
        time.sleep(pace_s)
        wait_s = math.ceil(min(WAIT_S, left_s))


def check_completed(job: JobView) -> None:
    """Raises Failure, with the job's own reason and the exit status that fits, for a job that ended in any other way."""
    status = job["status"]
    if status == "completed":
        return
    verb = {"expired": "has", "failed": "has"}.get(status, "was")
    reason = f": {job['error']['message']}" if job.get("error") else "."
    raise Failure(f"{job['id']} {verb} {status}{reason}", ENDS[status])
