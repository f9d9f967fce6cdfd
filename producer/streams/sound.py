"""The sound of a streamed job, from its first piece to its last, and the rules for when it breaks.

A client hears one attempt, or none: it is told at its end that it has heard all, only when the job is completed with exactly
these bytes.
"""

import hashlib
import time
from collections.abc import AsyncGenerator
from contextlib import aclosing, suppress

from producer.content import available_output
from producer.desk import Desk
from producer.feed import Watch
from producer.streams.listening import Listener
from producer.waiting import finished
from speechmill.blobs.seam import result_key
from speechmill.errors import BlobMissing, Gone, StoreUnavailable, StreamBroken, SyncTimeout
from speechmill.job import Job, Output
from speechmill.store import streams

LOOK_AGAIN_S = 2.0
"""So long nothing may be heard until we see for ourselves whether the attempt lives."""
CATCH_UP_S = 5.0
"""A client that is too far behind is dropped, unless the job is done so soon that the rest can come from storage. What was spoken
before is sent in a burst that nobody could keep up with."""
_PIECE_BYTES = 32 * 1024


class Sound:
    """Of one job, for one client. `job` is its record once all was heard."""

    def __init__(self, desk: Desk, job_id: str, tenant: str, listener: Listener, watch: Watch) -> None:
        self._desk = desk
        self._job_id = job_id
        self._tenant = tenant
        self._listener = listener
        self._watch = watch
        self._digest = hashlib.sha256()
        self._n_bytes = 0
        self._heard_at = time.monotonic()
        self._behind_since: float | None = None
        self.job: Job | None = None

    async def pieces(self, *, is_new: bool) -> AsyncGenerator[bytes, None]:
        """Encoded sound, in order. `is_new`: the job was made just now, so that there is nothing to be looked at yet.

        Raises StreamBroken when its attempt was lost or its client is too slow, SyncTimeout when nothing was heard for as long as
        a sync request may take, and what `finished` does for a job that ended badly."""
        look = not is_new
        while True:
            while (piece := self._listener.take()) is not None:
                yield self._heard(piece)
            if look and (job := await self._looked_at()) is not None and job.ended:
                async with aclosing(self._rest(job)) as rest:
                    async for piece in rest:
                        yield piece
                self.job = job
                return
            await self._watch.change(min(self._patience_s(), LOOK_AGAIN_S))
            look = not self._listener.has_news

    def _patience_s(self) -> float:
        """How long it may stay quiet from now on. Raises SyncTimeout and StreamBroken when that is over."""
        now = time.monotonic()
        left_s = self._heard_at + self._desk.settings.producer.sync_timeout_s - now
        if left_s <= 0:
            raise SyncTimeout("Nothing was heard of the speech for too long; the job goes on.", job_id=self._job_id)
        if not self._listener.is_behind:
            return left_s
        self._behind_since = self._behind_since or now
        left_s = self._behind_since + CATCH_UP_S - now
        if left_s <= 0:
            raise StreamBroken("This client took the sound more slowly than it was made, and too much has gathered. The job has "
                               "all of it when it is done.", code="client_too_slow", job_id=self._job_id)
        return left_s

    def _heard(self, piece: bytes) -> bytes:
        self._digest.update(piece)
        self._n_bytes += len(piece)
        self._heard_at = time.monotonic()
        return piece

    async def _looked_at(self) -> Job | None:
        """None while the store is away: who has heard something already waits for it. Raises StoreUnavailable before that."""
        with suppress(*((StoreUnavailable,) if self._n_bytes else ())):
            # In this order: an attempt that has no lease, of a job that has not ended after that, is lost.
            async with self._watch.turn:
                attempt = await self._desk.store.run(streams.streaming(self._job_id))
                job = await self._desk.job(self._job_id, self._tenant)
            if not job.ended and attempt.token:
                if attempt.alive:
                    self._listener.told(attempt.token)
                elif attempt.token >= self._listener.token:
                    self._listener.lose()
            return job
        return None

    async def _rest(self, job: Job) -> AsyncGenerator[bytes, None]:
        """What the listener had not heard when the job ended: usually nothing; all of it, where the job had ended before."""
        output = available_output(finished(job))
        token = self._listener.token
        if self._n_bytes and output.key != result_key(job.tenant, job.id, token, job.spec["response_format"]):
            raise StreamBroken("What was heard here was not what the job ended with; it has all of it.", job_id=job.id)
        if self._n_bytes < output.bytes:
            async with aclosing(self._stored(output)) as stored:
                async for piece in stored:
                    yield self._heard(piece)
        if self._digest.hexdigest() != output.sha256:
            raise StreamBroken("What was heard here is not what the job has; fetch its content.", job_id=job.id)

    async def _stored(self, output: Output) -> AsyncGenerator[bytes, None]:
        storage = self._desk.storage
        opened = storage.blobs.open(output.key, self._n_bytes)
        try:
            stream = await storage.run(opened.__enter__)
        except BlobMissing:
            raise Gone("This result is no longer kept.", job_id=self._job_id) from None
        try:
            while piece := await storage.run(lambda: stream.read(_PIECE_BYTES)):
                yield piece
        finally:
            await storage.run(lambda: opened.__exit__(None, None, None))
