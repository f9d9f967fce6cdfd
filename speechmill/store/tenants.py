"""Verbs for API keys, tenants and what they use. As in verbs.py, each may be run again after a lost reply (ADMIT then takes one
request too many from the tenant's minute)."""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Any

from speechmill.store.scripts import SCRIPTS
from speechmill.store.verbs import Argument, Call
from speechmill.tenants import KeyRecord, NewKey, Scope, TenantLimits, Usage, digest

_LIMITS = tuple(field.name for field in fields(TenantLimits) if field.name != "weight")


@dataclass(frozen=True)
class Asking:
    """Who asks: a key, by its id and SHA-256, or without one, a tenant. `counts`: whether this request counts against the
    tenant's requests a minute, of which there are `requests_a_minute` where nothing else was said of this tenant."""

    key_id: str = ""
    digest: str = ""
    tenant: str = ""
    counts: bool = False
    requests_a_minute: int = 0


@dataclass(frozen=True)
class Minute:
    """A tenant's requests: how many may come at once, how many still may, when the next one may, and when all may again."""

    limit: int
    admitted: bool
    left: int
    next_ms: int
    full_ms: int


@dataclass(frozen=True)
class Admission:
    """What is known of a key, and of its tenant's minute, where that is limited and the request counts."""

    tenant: str
    digest: str
    scopes: frozenset[Scope]
    expired: bool
    revoked: bool
    limited: bool
    minute: Minute | None


@dataclass(frozen=True)
class UsageOf:
    """What a tenant used, the newest day first. Days on which nothing was used are left out."""

    tenant: str
    days: tuple[Usage, ...]


def admit(asking: Asking) -> Call[Admission | None]:
    """None where there is no such key."""
    return Call(SCRIPTS["admit"], (asking.key_id, asking.digest, asking.tenant, int(asking.counts), asking.requests_a_minute),
                lambda reply: None if reply is None else _admission(*reply))


def any_key() -> Call[bool]:
    """Whether a key was ever made. One that was revoked counts: whoever revokes the last one does not mean to open the door."""
    return Call(SCRIPTS["any_key"], (), bool)


def make_key(key: NewKey, tenant: str, name: str, scopes: frozenset[Scope], expires_in_ms: int | None) -> Call[KeyRecord]:
    return Call(SCRIPTS["make_key"], (key.id, digest(key.text), tenant, name, ",".join(sorted(scopes)),
                                      "" if expires_in_ms is None else expires_in_ms), lambda reply: _key(*reply))


def keys(tenant: str, *, after: str, limit: int) -> Call[list[KeyRecord] | None]:
    """Up to `limit` + 1 keys (of a tenant; '' for all), the newest first; None: no such cursor."""
    return Call(SCRIPTS["keys"], (tenant, after, limit + 1),
                lambda reply: None if reply is None else [_key(*row) for row in reply])


def revoke_key(key_id: str) -> Call[KeyRecord | None]:
    """None where there is no such key."""
    return Call(SCRIPTS["revoke_key"], (key_id,), lambda reply: None if reply is None else _key(*reply))


def tenant_limits(tenant: str) -> Call[TenantLimits]:
    return Call(SCRIPTS["tenant"], (tenant, *_LIMITS), lambda reply: _limits(*reply))


def set_limits(tenant: str, limits: TenantLimits) -> Call[TenantLimits]:
    """Instead of all that was said of this tenant before."""
    pairs: list[Argument] = []
    for name in _LIMITS:
        pairs += name, _or_empty(getattr(limits, name))
    return Call(SCRIPTS["set_tenant"], (tenant, _or_empty(limits.weight), *pairs), lambda _: limits)


def tenants(*, after: str, limit: int) -> Call[list[str]]:
    """Up to `limit` + 1 names that come after `after`, in order: all that have a key, a limit of their own, or ever had a job."""
    return Call(SCRIPTS["tenants"], (after, limit + 1), lambda reply: [str(name) for name in reply])


def usage(tenant: str, days: int) -> Call[UsageOf]:
    """Of the last `days` days, today among them."""
    return Call(SCRIPTS["usage"], (tenant, days), lambda reply: UsageOf(tenant, tuple(_usage(*row) for row in reply)))


def _admission(tenant: str, known: str, scopes: str, expired: int, revoked: int, limit: int, minute: Sequence[int]) -> Admission:
    return Admission(tenant=tenant, digest=known, scopes=_scopes(scopes), expired=expired == 1, revoked=revoked == 1,
                     limited=limit > 0,
                     minute=Minute(limit, minute[0] == 1, *minute[1:]) if minute else None)


def _key(key_id: str, tenant: str, name: str, scopes: str, created: str, used: str | None, expires: str | None,
         revoked: str | None) -> KeyRecord:
    return KeyRecord(key_id, tenant, name, _scopes(scopes), int(created), _ms(used), _ms(expires), _ms(revoked))


def _scopes(text: str) -> frozenset[Scope]:
    return frozenset(Scope(scope) for scope in text.split(",") if scope)


def _limits(weight: str | None, *rest: str | None) -> TenantLimits:
    numbers: dict[str, Any] = {name: int(value) for name, value in zip(_LIMITS, rest, strict=True) if value}
    return TenantLimits(weight=float(weight) if weight else None, **numbers)


def _usage(day: int, *counts: str | None) -> Usage:
    return Usage(day, *(int(n or 0) for n in counts))


def _ms(value: str | None) -> int | None:
    return int(value) if value else None


def _or_empty(value: int | float | None) -> Argument:
    return "" if value is None else value
