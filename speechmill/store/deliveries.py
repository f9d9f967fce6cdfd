"""Verbs for webhook events on their way, and for those that were given up. As in verbs.py, each may be run again after a lost
reply."""

import json
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Literal

from speechmill.store.endpoints import read_endpoint
from speechmill.store.scripts import SCRIPTS
from speechmill.store.verbs import Bells, Call, read_bells
from speechmill.webhook_endpoint import Endpoint

State = Literal["pending", "delivered", "dead", "withdrawn"]
"""Of a delivery: it will be tried (again), it was taken, it was given up, its endpoint was disabled before it could be taken."""
Fault = Literal["", "failing", "gone"]
"""What a try says of its receiver: nothing, that it does not take events, that it wants no more of them."""


@dataclass(frozen=True)
class DueEvent:
    """A webhook event to deliver now. `tries` counts this one; `hold` is what makes its settling count. Without an endpoint it
    goes to its job's own webhook."""

    id: str
    job_id: str                      # or the endpoint that it tells of
    tenant: str
    type: str
    at_ms: int
    tries: int
    hold: int
    endpoint: Endpoint | None = None

    @property
    def event_id(self) -> str:
        return event_of(self.id)


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
    endpoint_id: str = ""


@dataclass(frozen=True)
class Sent:
    """A delivery of an endpoint's log. Times are Unix milliseconds; None: not yet, or not any more."""

    id: str
    job_id: str                      # or the endpoint that it tells of
    type: str
    created_ms: int
    tries: int
    state: State
    tried_ms: int | None             # when the last try ended
    status: int | None               # of its answer
    error: str
    duration_ms: int | None
    next_ms: int | None

    @property
    def event_id(self) -> str:
        return event_of(self.id)


def event_of(delivery_id: str) -> str:
    """The event that a delivery is one of: evt_1_we_2 is evt_1's."""
    return delivery_id.partition("_we_")[0]


def due(hold_ms: int) -> Call[DueEvent | None]:
    """The next webhook event; nobody else gets it for `hold_ms`."""
    return Call(SCRIPTS["due"], (hold_ms,), lambda reply: None if reply is None else _due_event(*reply))


def settled(event: DueEvent, outcome: str, *, in_ms: int = 0, note: str = "", fault: Fault = "",
            patience_s: float = 0) -> Call[bool]:
    """outcome: delivered | again | dead. An endpoint that has been `failing` for `patience_s` (0: for ever) is disabled, one that
    is `gone` at once."""
    return Call(SCRIPTS["settled"], (event.id, event.hold, outcome, in_ms, note, fault, round(patience_s * 1000)), bool)


def sent(endpoint_id: str, tenant: str, *, after: str, limit: int) -> Call[list[Sent] | Literal["missing", "no_cursor"]]:
    """Up to `limit` + 1 deliveries of an endpoint, the newest first."""
    return Call(SCRIPTS["deliveries"], (endpoint_id, tenant, after, limit + 1), _sent)


def dead_events(tenant: str, *, after: str, limit: int) -> Call[list[DeadEvent] | None]:
    """Up to `limit` + 1 events, the newest first (the one more says that there is a next page); None: no such cursor."""
    return Call(SCRIPTS["dead"], (tenant, after, limit + 1),
                lambda reply: None if reply is None else [_dead_event(*row) for row in reply])


def replay(event_id: str, tenant: str, *, delivered: bool = False) -> Call[tuple[str, Bells]]:
    """missing | delivered | job_gone | endpoint_disabled | done (it waits to be delivered). `delivered`: though it was."""
    return Call(SCRIPTS["replay"], (event_id, tenant, int(delivered)), lambda reply: (reply[0], read_bells(reply[1])))


def _due_event(event: str, job: str, tenant: str, kind: str, at: str, tries: int, hold: int,
               record: Sequence[str | None] | None = None) -> DueEvent:
    return DueEvent(id=event, job_id=job, tenant=tenant, type=kind, at_ms=int(at), tries=tries, hold=hold,
                    endpoint=None if record is None else read_endpoint(record))


def _dead_event(event: str, job: str, kind: str, at: str, tries: str, settled: str, note: str, url: str,
                endpoint: str) -> DeadEvent:
    outcome = _outcome(note)
    return DeadEvent(id=event, job_id=job, type=kind, created_ms=int(at), tries=int(tries), given_up_ms=int(settled),
                     status=outcome.get("status"), error=str(outcome.get("error") or ""), url=url, endpoint_id=endpoint)


def _sent(reply: Sequence[Any]) -> list[Sent] | Literal["missing", "no_cursor"]:
    if len(reply) == 1:
        return "no_cursor" if reply[0] else "missing"
    return [_one_sent(*row) for row in reply[1]]


def _one_sent(delivery: str, job: str, kind: str, at: str, tries: str, outcome: str, settled: str, note: str, next_: str) -> Sent:
    last = _outcome(note) if note else {}
    states: dict[str, State] = {"delivered": "delivered", "dead": "dead", "withdrawn": "withdrawn"}
    return Sent(id=delivery, job_id=job, type=kind, created_ms=int(at), tries=int(tries),
                state="pending" if next_ else states.get(outcome, "pending"), tried_ms=int(settled) if note else None,
                status=last.get("status"), error=str(last.get("error") or ""), duration_ms=last.get("duration_ms"),
                next_ms=int(float(next_)) if next_ else None)


def _outcome(note: str) -> dict[str, Any]:
    """Of a try that was made; where none was, the note is plain words."""
    with suppress(ValueError):
        outcome = json.loads(note)
        if isinstance(outcome, dict):
            return outcome
    return {"error": note}
