"""How old an object is, by the clock of the server that dated it: no other clock knows its dates."""

from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any


def age_s(written: datetime, answer: Mapping[str, Any]) -> float:
    """Seconds from `written` to the Date header (RFC 9110 §6.6.1) of the answer that said so; never below zero. Where a server
    sends none, this machine's clock must do."""
    return max(0.0, (_server_time(answer) - written).total_seconds())


def _server_time(answer: Mapping[str, Any]) -> datetime:
    try:
        sent = parsedate_to_datetime(answer["ResponseMetadata"]["HTTPHeaders"]["date"])
    except (KeyError, ValueError):
        return datetime.now(UTC)
    return sent if sent.tzinfo else sent.replace(tzinfo=UTC)
