"""The way of encoded sound to those who listen: a capped Redis stream that only this attempt may add to
(speechmill/store/lua/append.lua)."""

import logging
import time
from collections import deque

from speechmill.errors import StoreUnavailable
from speechmill.settings import StreamSettings
from speechmill.store import streams
from speechmill.store.streams import Piece
from worker.leases import Lease, Stopped
from worker.station import Station

log = logging.getLogger(__name__)

PIECE_BYTES = 32 * 1024
_PAUSE_S = 1.0
"""After Redis was found to be away, until it is tried again: each try may take seconds, and the voice is waiting."""


class Channel:
    """Of one attempt. Listeners that are slow, or gone, never hold it up: what the cap has no room for is dropped."""

    def __init__(self, station: Station, lease: Lease, settings: StreamSettings) -> None:
        self._station = station
        self._lease = lease
        self._kept_bytes = settings.kept_bytes
        self._ttl_ms = settings.kept_s * 1000
        self._waiting = b""
        self._number = 0
        self._sizes: deque[int] = deque()   # of the pieces that stay in Redis
        self._try_at_s = 0.0

    def send(self, sound: bytes) -> None:
        """At once, or with what comes later where Redis is away. Raises Stopped when the lease is another's."""
        self._waiting += sound
        if time.monotonic() < self._try_at_s:
            return
        try:
            while self._waiting:
                piece = self._next()
                self._sent(piece, self._station.store.run(streams.append(self._lease.unit, piece, self._ttl_ms)))
        except StoreUnavailable as error:
            log.warning("holding sound until Redis is back: %s", error.message)
            self._try_at_s = time.monotonic() + _PAUSE_S

    def drain(self) -> None:
        """Send what is left, waiting for Redis where it is away. Raises Stopped."""
        while self._waiting:
            piece = self._next()
            self._sent(piece, self._station.commit(self._lease, streams.append(self._lease.unit, piece, self._ttl_ms)))

    def _next(self) -> Piece:
        sound = self._waiting[:PIECE_BYTES]
        keep, room = 1, self._kept_bytes - len(sound)
        for size in reversed(self._sizes):
            room -= size
            if room < 0:
                break
            keep += 1
        return Piece(self._number + 1, sound, keep)

    def _sent(self, piece: Piece, is_ours: bool) -> None:
        if not is_ours:
            raise Stopped
        self._number = piece.number
        self._waiting = self._waiting[len(piece.sound):]
        self._sizes.append(len(piece.sound))
        while len(self._sizes) > piece.keep:
            self._sizes.popleft()
