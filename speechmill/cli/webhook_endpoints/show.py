"""Webhook endpoints, and what was sent to them, as tables."""

from collections.abc import Sequence
from typing import Any

from speechmill.cli.show import show_table, when

REASONS = {"requested": "disabled", "gone": "disabled: it answered 410", "failing": "disabled: it took nothing for too long"}


def show_endpoints(endpoints: Sequence[dict[str, Any]]) -> None:
    rows = [(each["id"], _state(each), ",".join(each["events"]), when(each["created_at"]), each["url"], each["description"])
            for each in endpoints]
    show_table(("ENDPOINT", "STATE", "EVENTS", "CREATED", "URL", "DESCRIPTION"), rows)


def show_deliveries(deliveries: Sequence[dict[str, Any]]) -> None:
    rows = [(each["id"], each["state"], each["type"], str(each["attempts"]), when(each["created_at"]), _last(each),
             when(each["next_attempt_at"])) for each in deliveries]
    show_table(("EVENT", "STATE", "TYPE", "TRIES", "HAPPENED", "LAST ANSWER", "NEXT TRY"), rows)


def _state(endpoint: dict[str, Any]) -> str:
    if not endpoint["enabled"]:
        return REASONS.get(endpoint["disabled_reason"], "disabled")
    return f"failing since {when(endpoint['failing_since'])}" if endpoint["failing_since"] else "enabled"


def _last(delivery: dict[str, Any]) -> str:
    took = "" if delivery["last_duration_ms"] is None else f" in {delivery['last_duration_ms']} ms"
    if delivery["last_error"]:
        return f"{delivery['last_error']}{took}"
    return "" if delivery["last_status"] is None else f"{delivery['last_status']}{took}"
