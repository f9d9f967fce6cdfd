"""Keys, tenants and usage as tables."""

from collections.abc import Sequence
from typing import Any

from speechmill.cli.show import show_table, when


def show_keys(keys: Sequence[dict[str, Any]]) -> None:
    rows = [(key["id"], key["tenant"], key["name"], ",".join(key["scopes"]), when(key["created_at"]), when(key["last_used_at"]),
             when(key["expires_at"]), when(key["revoked_at"])) for key in keys]
    show_table(("KEY", "TENANT", "NAME", "SCOPES", "CREATED", "LAST USED", "EXPIRES", "REVOKED"), rows)


def show_tenants(tenants: Sequence[dict[str, Any]]) -> None:
    rows = [(tenant["id"], *(_limit(tenant["limits"][name]) for name in
                             ("weight", "jobs", "queued_jobs", "characters_a_day", "requests_a_minute"))) for tenant in tenants]
    show_table(("TENANT", "WEIGHT", "JOBS", "QUEUED", "CHARACTERS A DAY", "REQUESTS A MINUTE"), rows)


def show_usage(usages: Sequence[dict[str, Any]]) -> None:
    rows = [(usage["tenant"], *_used(day["date"], day)) for usage in usages for day in usage["data"]]
    totals = [(usage["tenant"], *_used("total", usage["total"])) for usage in usages]
    show_table(("TENANT", "DAY", "JOBS", "CHARACTERS", "SPOKEN", "AUDIO"), [*rows, *totals])


def _used(day: str, counts: dict[str, Any]) -> tuple[str, ...]:
    return (day, f"{counts['jobs']:,}", f"{counts['characters']:,}", f"{counts['spoken_characters']:,}",
            f"{counts['audio_seconds']:,.1f} s")


def _limit(value: float | None) -> str:
    return "default" if value is None else "none" if value == 0 else f"{value:,g}" if isinstance(value, float) else f"{value:,}"
