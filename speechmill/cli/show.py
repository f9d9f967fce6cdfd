"""What commands write to stdout: JSON for programs, tables for people."""

import json
import sys
from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from speechmill.cli.api import JobView


def show_json(value: Any) -> None:
    sys.stdout.write(json.dumps(value, ensure_ascii=False, indent=2) + "\n")


def show_jobs(jobs: "Sequence[JobView]") -> None:
    rows = [(job["id"], job["status"], f"{job['progress']} %", job["voice"], job["response_format"], when(job["created_at"]),
             _length(job)) for job in jobs]
    show_table(("JOB", "STATUS", "DONE", "VOICE", "FORMAT", "CREATED", "AUDIO"), rows)


def show_dead_events(events: Sequence[dict[str, Any]]) -> None:
    """Webhook events that were given up."""
    rows = [(event["id"], event["type"], event["job_id"] or "", str(event["attempts"]), when(event["given_up_at"]),
             event["last_error"] or "", event["url"] or "(its job is gone)") for event in events]
    show_table(("EVENT", "TYPE", "JOB", "TRIES", "GIVEN UP", "LAST ERROR", "URL"), rows)


def show_job(job: "JobView") -> None:
    """One job, a line a field; what is not there yet is left out."""
    segments = job["segments"]
    fields = {
        "job": job["id"],
        "status": job["status"],
        "progress": f"{job['progress']} %",
        "waiting": (job["waiting"] or {}).get("detail"),
        "error": (job["error"] or {}).get("message"),
        "segments": f"{segments['completed']} of {segments['total']}" if segments["total"] else None,
        "model": job["model"],
        "voice": job["voice"],
        "language": job["language"],
        "format": job["response_format"],
        "priority": job["priority"],
        "created": when(job["created_at"]),
        "started": when(job["started_at"]),
        "ended": when(job["completed_at"] or job["cancelled_at"]),
        "deadline": when(job["deadline_at"]),
        "kept until": when(job["expires_at"]),
        "attempts": job["attempts"],
        "audio": _length(job),
        "url": (job["output"] or {}).get("url"),
    }
    width = max(map(len, fields))
    for name, value in fields.items():
        if value not in (None, ""):
            sys.stdout.write(f"{name:<{width}}  {value}\n")


def show_table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Columns as wide as they must be; whole words on any terminal and in any pipe."""
    widths = [max(len(row[i]) for row in (head, *rows)) for i in range(len(head))]
    for row in (head, *rows):
        line = "  ".join(f"{cell:<{width}}" for cell, width in zip(row, widths, strict=True))
        sys.stdout.write(line.rstrip() + "\n")


def when(seconds: int | None) -> str:
    """Local time; empty for what has not happened."""
    return "" if seconds is None else f"{datetime.fromtimestamp(seconds):%Y-%m-%d %H:%M:%S}"


def _length(job: "JobView") -> str:
    return f"{job['output']['duration_seconds']:.1f} s" if job["output"] else ""
