"""How many requests of each tenant this process has under way."""

from collections import Counter

from speechmill.errors import RateLimited

AGAIN_S = 2


class OpenRequests:
    """From when a request's tenant is known until its answer is sent: those that wait for a job or listen to it among them, and
    uploads and downloads. `most`: of one tenant; 0 is no limit."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._open = Counter[str]()

    def enter(self, tenant: str) -> None:
        """Raises RateLimited; else `leave` must follow."""
        if self._most and self._open[tenant] >= self._most:
            raise RateLimited(f"There may be {self._most:,} requests open at once. One that waits for a job or listens to it is "
                              "open; end some, or be told by webhook.", code="too_many_open_requests", retry_after_s=AGAIN_S)
        self._open[tenant] += 1

    def leave(self, tenant: str) -> None:
        self._open[tenant] -= 1
        if not self._open[tenant]:
            del self._open[tenant]
