"""Keys, tenants and usage as answers show them, and the command line, which has them from answers or from the store itself."""

from collections.abc import Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any

from speechmill.store.tenants import UsageOf
from speechmill.tenants import KeyRecord, TenantLimits, Usage

DAY_S = 86_400


def key_view(key: KeyRecord) -> dict[str, Any]:
    """Never the key itself: that is shown once, by whoever made it."""
    return {"id": key.id, "object": "api_key", "tenant": key.tenant, "name": key.name, "scopes": sorted(key.scopes),
            "created_at": _seconds(key.created_ms), "last_used_at": _seconds(key.used_ms), "expires_at": _seconds(key.expires_ms),
            "revoked_at": _seconds(key.revoked_ms)}


def tenant_view(name: str, limits: TenantLimits) -> dict[str, Any]:
    """null is the default."""
    return {"id": name, "object": "tenant", "limits": asdict(limits)}


def usage_view(usage: UsageOf) -> dict[str, Any]:
    """Days on which nothing was used are left out."""
    total = [sum(column) for column in zip(*map(_counts, usage.days), strict=True)] if usage.days else [0, 0, 0, 0]
    return {"object": "usage", "tenant": usage.tenant, "total": _shown(total),
            "data": [{"date": _date(day.day), **_shown(_counts(day))} for day in usage.days]}


def list_view(data: Sequence[dict[str, Any]], *, has_more: bool) -> dict[str, Any]:
    return {"object": "list", "data": list(data), "first_id": data[0]["id"] if data else None,
            "last_id": data[-1]["id"] if data else None, "has_more": has_more}


def _counts(day: Usage) -> tuple[int, int, int, int]:
    return day.jobs, day.characters, day.spoken_characters, day.audio_ms


def _shown(counts: Sequence[int]) -> dict[str, Any]:
    jobs, characters, spoken, audio_ms = counts
    return {"jobs": jobs, "characters": characters, "spoken_characters": spoken, "audio_seconds": audio_ms / 1000}


def _date(day: int) -> str:
    return f"{datetime.fromtimestamp(day * DAY_S, UTC):%Y-%m-%d}"


def _seconds(ms: int | None) -> int | None:
    return None if ms is None else ms // 1000
