"""What is left of a tenant's minute and day, as OpenAI's x-ratelimit headers tell it."""

import time
from dataclasses import dataclass

from speechmill.errors import RateLimited
from speechmill.store.tenants import Minute
from speechmill.store.verbs import Submitted

DAY_S = 86_400


@dataclass
class Allowance:
    """Of one request's tenant. None of it is told where there is no limit."""

    minute: Minute | None = None
    characters_a_day: int = 0
    characters_left: int = 0

    def check(self) -> None:
        """Raises RateLimited."""
        if self.minute and not self.minute.admitted:
            raise RateLimited(f"There may be {self.minute.limit:,} requests a minute; the next one may come in "
                              f"{_duration(self.minute.next_ms)}.", retry_after_s=min(60, -(-self.minute.next_ms // 1000)))

    def note(self, submitted: Submitted) -> None:
        """What SUBMIT said is left of the day."""
        if submitted.outcome == "created":
            self.characters_a_day, self.characters_left = submitted.limit, submitted.characters_left

    def headers(self) -> dict[str, str]:
        told: dict[str, str] = {}
        if self.minute:
            told |= _told("requests", self.minute.limit, self.minute.left, self.minute.full_ms)
        if self.characters_a_day:
            told |= _told("tokens", self.characters_a_day, self.characters_left, until_midnight_s() * 1000)
        return told


def until_midnight_s() -> int:
    """Seconds until the next day begins, UTC."""
    return DAY_S - int(time.time()) % DAY_S


def _told(what: str, limit: int, left: int, reset_ms: int) -> dict[str, str]:
    return {f"x-ratelimit-limit-{what}": str(limit), f"x-ratelimit-remaining-{what}": str(left),
            f"x-ratelimit-reset-{what}": _duration(reset_ms)}


def _duration(ms: int) -> str:
    """As OpenAI writes it: 120ms, 1.2s, 6m0s, 7h12m0s."""
    if ms < 1000:
        return f"{ms}ms"
    minutes, left_ms = divmod(ms, 60_000)
    hours, minutes = divmod(minutes, 60)
    seconds = f"{left_ms / 1000:g}s"
    return f"{hours}h{minutes}m{seconds}" if hours else f"{minutes}m{seconds}" if minutes else seconds
