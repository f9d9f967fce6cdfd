"""How often, and for how long, an utterance is asked for."""

import time

from speechmill.errors import VoiceFailed, VoiceUnavailable
from speechmill.settings import RemoteSettings
from worker.voices.remote.trouble import Away, Busy, Trouble, Wrong

_SHORTEST_PAUSE_S, _FIRST_PAUSE_S, _LONGEST_PAUSE_S = 0.05, 0.5, 10.0


class Patience:
    """Of one utterance. Its worker renews the lease meanwhile."""

    def __init__(self, settings: RemoteSettings) -> None:
        self._deadline = time.monotonic() + settings.patience_s
        self._retries = settings.retries
        self._next_pause_s = _FIRST_PAUSE_S

    def pause_s(self, trouble: Trouble) -> float:
        """How long to wait before it is asked for again. Raises VoiceFailed or VoiceUnavailable when it should not be; with the
        former it counts as one of the job's own tries."""
        left_s = self._deadline - time.monotonic()
        pause_s, self._next_pause_s = self._next_pause_s, min(2 * self._next_pause_s, _LONGEST_PAUSE_S)
        if isinstance(trouble, Away):
            return _until_it_is_back_s(trouble, pause_s, left_s)
        self._retries -= 1
        if isinstance(trouble, Wrong) or self._retries < 0 or pause_s >= left_s:
            raise VoiceFailed(trouble.message) from None
        return pause_s


def _until_it_is_back_s(trouble: Away, pause_s: float, left_s: float) -> float:
    if trouble.retry_after_s is not None:
        pause_s = max(trouble.retry_after_s, _SHORTEST_PAUSE_S)
    if isinstance(trouble, Busy) and pause_s >= left_s:
        raise VoiceFailed(trouble.message) from None
    if left_s <= 0:
        raise VoiceUnavailable(trouble.message) from None
    # However long it wants to be left alone: who gives up sooner would only be back sooner.
    return min(pause_s, left_s)
