"""Verbs for webhook events that were given up. As in verbs.py, each may be run again after a lost reply."""

import json
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from speechmill.store.scripts import SCRIPTS
from speechmill.store.verbs import Bells, Call, read_bells


@dataclass(frozen=True)
class DeadEvent:
    """An event whose schedule has ended, or that its receiver wants no more of. Times are Unix milliseconds. `url` is empty and
    it cannot be replayed when its job is gone; `status`, of the last answer, is None when none came."""

    id: str
    job_id: str
    type: str
    created_ms: int
    tries: int
    given_up_ms: int
    status: int | None
    error: str
    url: str


def dead_events(tenant: str, *, after: str, limit: int) -> Call[list[DeadEvent] | None]:
    """Up to `limit` + 1 events, the newest first (the one more says that there is a next page); None: no such cursor."""
    return Call(SCRIPTS["dead"], (tenant, after, limit + 1),
                lambda reply: None if reply is None else [_dead_event(*row) for row in reply])


def replay(event_id: str, tenant: str) -> Call[tuple[str, Bells]]:
    """missing | delivered | job_gone | done (it waits to be delivered)"""
    return Call(SCRIPTS["replay"], (event_id, tenant), lambda reply: (reply[0], read_bells(reply[1])))


def _dead_event(event: str, job: str, kind: str, at: str, tries: str, settled: str, note: str, url: str) -> DeadEvent:
    outcome = _outcome(note)
    return DeadEvent(id=event, job_id=job, type=kind, created_ms=int(at), tries=int(tries), given_up_ms=int(settled),
                     status=outcome.get("status"), error=str(outcome.get("error") or ""), url=url)


def _outcome(note: str) -> dict[str, Any]:
    """Of a try that was made; where none was, the note is plain words."""
    with suppress(ValueError):
        outcome = json.loads(note)
        if isinstance(outcome, dict):
            return outcome
    return {"error": note}
