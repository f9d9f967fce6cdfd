"""Verbs for webhook endpoints. As in verbs.py, each may be run again after a lost reply."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import cast

from speechmill.store.scripts import SCRIPTS
from speechmill.store.verbs import Argument, Bells, Call, read_bells
from speechmill.webhook_endpoint import Endpoint, OlderSecret, Reason


@dataclass(frozen=True)
class NewEndpoint:
    """One to be made, checked."""

    id: str
    tenant: str
    url: str
    events: Sequence[str]
    description: str
    metadata: Mapping[str, str]


@dataclass(frozen=True)
class Changes:
    """What is to be different of an endpoint; None: as it is."""

    url: str | None = None
    events: Sequence[str] | None = None
    description: str | None = None
    metadata: Mapping[str, str] | None = None
    enabled: bool | None = None

    def fields(self) -> dict[str, str]:
        """As they are stored."""
        fields = {"url": self.url, "description": self.description,
                  "events": None if self.events is None else ",".join(self.events),
                  "metadata": None if self.metadata is None else json.dumps(self.metadata)}
        return {name: value for name, value in fields.items() if value is not None}


def make_endpoint(new: NewEndpoint, limit: int) -> Call[Endpoint | None]:
    """None where the tenant has `limit` endpoints already (0: there is no limit)."""
    return Call(SCRIPTS["make_endpoint"], (new.id, new.tenant, new.url, ",".join(new.events), new.description,
                                           json.dumps(dict(new.metadata)), limit), _endpoint_or_none)


def endpoint(endpoint_id: str, tenant: str) -> Call[Endpoint | None]:
    return Call(SCRIPTS["endpoint"], (endpoint_id, tenant), _endpoint_or_none)


def endpoints(tenant: str, *, after: str, limit: int) -> Call[list[Endpoint] | None]:
    """Up to `limit` + 1 endpoints, the newest first; None: no such cursor."""
    return Call(SCRIPTS["endpoints"], (tenant, after, limit + 1),
                lambda reply: None if reply is None else list(map(read_endpoint, reply)))


def change_endpoint(endpoint_id: str, tenant: str, changes: Changes) -> Call[Endpoint | None]:
    """None where there is none."""
    enabled: Argument = "" if changes.enabled is None else int(changes.enabled)
    pairs = (part for pair in changes.fields().items() for part in pair)
    return Call(SCRIPTS["change_endpoint"], (endpoint_id, tenant, enabled, *pairs), _endpoint_or_none)


def rotate_endpoint(seen: Endpoint, overlap_ms: int) -> Call[Endpoint | None]:
    """Give the endpoint, as it was just seen, its next secret; those before it sign for `overlap_ms` more at most. None where
    there is none any more."""
    return Call(SCRIPTS["rotate_endpoint"], (seen.id, seen.tenant, seen.generation, overlap_ms), _endpoint_or_none)


def delete_endpoint(endpoint_id: str, tenant: str) -> Call[bool]:
    """False where there is none."""
    return Call(SCRIPTS["delete_endpoint"], (endpoint_id, tenant), bool)


def test_endpoint(endpoint_id: str, tenant: str, event_id: str) -> Call[tuple[str, Bells]]:
    """missing | disabled | done (an event of this id is on its way to it)"""
    return Call(SCRIPTS["test_endpoint"], (endpoint_id, tenant, event_id), lambda reply: (reply[0], read_bells(reply[1])))


def read_endpoint(reply: Sequence[str | None]) -> Endpoint:
    """As `endpoint_record` of lua/subscriptions.lua tells it."""
    (endpoint_id, tenant, url, events, description, metadata, created, generation, older, disabled, reason,
     failing) = (value or "" for value in reply)
    return Endpoint(
        id=endpoint_id, tenant=tenant, url=url, events=tuple(events.split(",")), created_ms=int(created),
        description=description, metadata=json.loads(metadata), generation=int(generation), older=_older(older),
        disabled_ms=_ms(disabled), reason=cast(Reason, reason), failing_ms=_ms(failing))


def _endpoint_or_none(reply: Sequence[str | None] | None) -> Endpoint | None:
    return None if reply is None else read_endpoint(reply)


def _older(said: str) -> tuple[OlderSecret, ...]:
    pairs = (pair.split(":") for pair in said.split(",") if pair)
    return tuple(OlderSecret(int(generation), int(until_ms)) for generation, until_ms in pairs)


def _ms(value: str) -> int | None:
    return int(value) if value else None
