"""What a run was like: tables for people, and the audit as one line of JSON."""

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import typer

from speechmill.cli.chaos.audit import Evidence, audit, is_excused
from speechmill.cli.chaos.ledger import ENDS, Story
from speechmill.cli.chaos.schedule import Kind, Planned, count
from speechmill.cli.show import show_table

MOST_SPELLED_OUT = 10
"""Of what broke one rule."""

Verdict = Mapping[str, Any]


def verdict(seed: int, seconds: float, planned: Sequence[Planned], evidence: Evidence) -> Verdict:
    """`ok` says whether everything held; `broken` counts, by rule, what did not."""
    broken = audit(evidence)
    return {
        "ok": not any(broken.values()),
        "seed": seed,
        "seconds": seconds,
        "n_faults": len(planned),
        "faults": count(planned),
        "jobs": _jobs(evidence),
        "workers_poisoned": evidence.n_poisoned,
        "events": {"received": len(evidence.events), "posts": sum(event.n_posts for event in evidence.events.values())},
        "answers": dict(sorted(evidence.ledger.answers.items())),
        "slowest_503_s": round(evidence.ledger.slowest_503_s, 2),
        "broken": {rule: len(cases) for rule, cases in broken.items()},
        "cases": {rule: cases[:MOST_SPELLED_OUT] for rule, cases in broken.items() if cases},
    }


def as_line(found: Verdict) -> str:
    return json.dumps(found, ensure_ascii=False)


def show(found: Verdict, evidence: Evidence) -> None:
    """Three tables: what was broken, what became of each story, and what the clients were answered."""
    show_table(("FAULT", "TIMES"), [(kind.value, str(found["faults"][kind.name.lower()])) for kind in Kind])
    typer.echo()
    show_table(("STORY", "POSTED", "ACCEPTED", *(end.upper() for end in ENDS), "DELETED"),
               [_row(story, evidence) for story in Story])
    typer.echo()
    show_table(("ANSWER", "TIMES"), [(name, str(times)) for name, times in found["answers"].items()])
    typer.echo()
    for rule, cases in found["cases"].items():
        typer.echo(f"BROKEN: {rule}, {found['broken'][rule]} times")
        for case in cases:
            typer.echo(f"  {case}")


def _jobs(evidence: Evidence) -> dict[str, int]:
    ends = Counter(told.status for told in evidence.log.values())
    excused = [entry for entry in evidence.ledger.entries if entry.story is not Story.POISON
               and (job := evidence.jobs.get(entry.job_id)) and job.status == "failed" and is_excused(evidence, entry)]
    return {"posted": len(evidence.ledger.entries), "accepted": len(evidence.accepted), "in_event_log": len(evidence.log),
            **{end: ends[end] for end in ENDS},
            "ended": sum(told.n_ends for told in evidence.log.values()),
            "committed": sum(told.n_commits for told in evidence.log.values()),
            "deleted": sum(entry.deleted for entry in evidence.ledger.entries),
            "unnamed": len(evidence.strays), "failed_by_our_kills": len(excused)}


def _row(story: Story, evidence: Evidence) -> tuple[str, ...]:
    entries = [entry for entry in evidence.ledger.entries if entry.story is story]
    ends = Counter(evidence.log[entry.job_id].status for entry in entries if entry.job_id in evidence.log)
    return (story.value, str(len(entries)), str(sum(entry.accepted for entry in entries)), *(str(ends[end]) for end in ENDS),
            str(sum(entry.deleted for entry in entries)))
