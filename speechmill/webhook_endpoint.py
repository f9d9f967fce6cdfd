"""Webhook endpoints: receivers that a tenant registers once, and that are then told of all its jobs, books and batches.

**Secrets.** Each endpoint has its own, and Redis holds none of them: a secret is derived from the server's (HMAC-SHA256 over
the endpoint's id and a generation, which grows with each rotation). Who knows one can tell neither the next nor another
endpoint's.
"""

import base64
import hashlib
import hmac
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, Literal

from speechmill.errors import InvalidRequest
from speechmill.request import EVENT_TYPES
from speechmill.webhook import SECRET_PREFIX, parse_secret

DISABLED_EVENT = "webhook_endpoint.disabled"
"""What a tenant's other endpoints are told when one was disabled that nobody asked to disable."""
TEST_EVENT = "webhook.test"
"""Told on request alone, and to one endpoint."""
TOLD_TYPES: tuple[str, ...] = (*EVENT_TYPES, DISABLED_EVENT)
"""All that endpoints can ask for."""

ALL = "*"
GROUPS = tuple(sorted({f"{'.'.join(parts[:n])}.*" for parts in (kind.split(".") for kind in TOLD_TYPES)
                       for n in range(1, len(parts))}))
"""speech.job.* and the like: every type whose name begins so."""

DERIVED_BYTES = 24
"""A multiple of three: base64 of it is the same with padding and without, so no library can trip over that."""

Reason = Literal["", "requested", "gone", "failing"]
"""Why it is disabled: its owner did it, it answered 410, or it took nothing for days."""


@dataclass(frozen=True)
class OlderSecret:
    """A secret that still signs beside the present one."""

    generation: int
    until_ms: int


@dataclass(frozen=True)
class Endpoint:
    """What is kept of an endpoint. Times are Unix milliseconds by Redis's clock; None means "not"."""

    id: str
    tenant: str
    url: str
    events: tuple[str, ...]              # of TOLD_TYPES, GROUPS and ALL
    created_ms: int
    description: str = ""
    metadata: dict[str, str] = field(default_factory=dict)
    generation: int = 1                  # of its secret
    older: tuple[OlderSecret, ...] = ()
    disabled_ms: int | None = None
    reason: Reason = ""
    failing_ms: int | None = None        # since when it has taken nothing

    @property
    def enabled(self) -> bool:
        return self.disabled_ms is None


def secret_of_endpoint(server_secret: str, endpoint_id: str, generation: int, name: str = "secret") -> str:
    """What its owner is shown. Raises InvalidRequest that names `name` where the server's own secret is none."""
    what = f"speechmill webhook endpoint {endpoint_id} {generation}".encode()
    key = hmac.digest(parse_secret(server_secret, name), what, hashlib.sha256)
    return SECRET_PREFIX + base64.b64encode(key[:DERIVED_BYTES]).decode()


def signing_keys(server_secret: str, endpoint: Endpoint, now_ms: int, name: str = "secret") -> tuple[bytes, ...]:
    """What signs an event for it now: the present secret, and before their time is over, older ones. Raises InvalidRequest."""
    generations = (endpoint.generation, *(older.generation for older in endpoint.older if older.until_ms > now_ms))
    return tuple(parse_secret(secret_of_endpoint(server_secret, endpoint.id, generation, name), name)
                 for generation in generations)


def event_filter(events: Iterable[str]) -> tuple[str, ...]:
    """The types and groups that an endpoint asks for, each once. Raises InvalidRequest for none, and for an unknown one."""
    wanted = tuple(dict.fromkeys(events))
    if not wanted:
        raise InvalidRequest(f"events is empty; name what it should be told of, or {ALL} for everything.", param="events")
    for one in wanted:
        if one != ALL and one not in GROUPS and one not in TOLD_TYPES:
            raise InvalidRequest(f"events: there is no {one[:80]!r}; there are {ALL}, {', '.join((*GROUPS, *TOLD_TYPES))}.",
                                 param="events")
    return wanted


def endpoint_view(endpoint: Endpoint, now_ms: int) -> dict[str, Any]:
    """As answers and events show it: without its secret."""
    return {
        "id": endpoint.id,
        "object": "webhook_endpoint",
        "url": endpoint.url,
        "events": list(endpoint.events),
        "description": endpoint.description,
        "metadata": endpoint.metadata,
        "enabled": endpoint.enabled,
        "disabled_at": _seconds(endpoint.disabled_ms),
        "disabled_reason": endpoint.reason or None,
        "failing_since": _seconds(endpoint.failing_ms),
        "created_at": endpoint.created_ms // 1000,
        "secret_generation": endpoint.generation,
        "older_secrets": [{"generation": older.generation, "signs_until": older.until_ms // 1000}
                          for older in endpoint.older if older.until_ms > now_ms],
    }


def _seconds(ms: int | None) -> int | None:
    return None if ms is None else ms // 1000
