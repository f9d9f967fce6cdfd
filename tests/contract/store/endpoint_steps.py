"""Short ways to say what a test of webhook endpoints is about."""

from collections.abc import Sequence
from typing import Any

from speechmill.store import deliveries, endpoints
from speechmill.store.deliveries import DueEvent, Sent
from speechmill.store.endpoints import Changes, NewEndpoint
from speechmill.webhook_endpoint import Endpoint
from tests.contract.store.conftest import Mill

COMPLETED = "speech.job.completed"
REFUSED = '{"status": 500, "error": "It answered 500.", "duration_ms": 3}'


def make(mill: Mill, name: str = "we_01", tenant: str = "local", events: Sequence[str] = ("*",), limit: int = 0) -> Endpoint:
    made = mill.store.run(endpoints.make_endpoint(
        NewEndpoint(name, tenant, f"https://{name}.example/hook", events, "for tests", {"team": "a"}), limit))
    assert made
    return made


def look(mill: Mill, name: str = "we_01", tenant: str = "local") -> Endpoint:
    found = mill.store.run(endpoints.endpoint(name, tenant))
    assert found
    return found


def change(mill: Mill, name: str = "we_01", **changes: Any) -> Endpoint:
    changed = mill.store.run(endpoints.change_endpoint(name, "local", Changes(**changes)))
    assert changed
    return changed


def complete(mill: Mill, **more: Any) -> str:
    job_id = mill.submit(**more).job_id
    mill.completed(mill.claim())
    return job_id


def all_due(mill: Mill) -> list[DueEvent]:
    found = []
    while event := mill.store.run(deliveries.due(60_000)):
        found.append(event)
    return found


def due(mill: Mill) -> DueEvent:
    (event,) = all_due(mill)
    return event


def log(mill: Mill, name: str = "we_01", after: str = "", limit: int = 100) -> list[Sent]:
    found = mill.store.run(deliveries.sent(name, "local", after=after, limit=limit))
    assert isinstance(found, list)
    return found


def settle(mill: Mill, event: DueEvent, outcome: str, **more: Any) -> bool:
    return mill.store.run(deliveries.settled(event, outcome, note=REFUSED, **more))
