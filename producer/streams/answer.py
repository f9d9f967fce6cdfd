"""POST /v1/audio/speech with `stream_format`: the answer begins with the first sound, and until then can still be an error."""

import asyncio
import logging
from contextlib import aclosing

from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from producer.desk import Desk
from producer.streams import sse
from producer.streams.shape import Shape
from producer.streams.sound import Sound
from producer.waiting import cancel_unless_reattached, client_gone
from speechmill.errors import SpeechmillError
from speechmill.store.verbs import Submitted

log = logging.getLogger(__name__)


class StreamedSpeech(Response):
    """The sound of a job in one of two shapes, for the client that waits for it as `waiter`. What breaks before the first byte is
    raised, and becomes an answer like any other's; what breaks later is told in the stream, or cuts the connection."""

    def __init__(self, desk: Desk, submitted: Submitted, tenant: str, waiter: str, shape: Shape) -> None:
        headers = {**sse.HEADERS, "x-speech-job-id": submitted.job_id, "X-Content-Type-Options": "nosniff", "Vary": "Prefer"}
        if submitted.outcome != "created":
            headers["Idempotent-Replayed"] = "true"
        # Not Response's own: it has no body whose length could be told.
        self.status_code, self.media_type, self.background = 200, shape.media_type, None
        self.init_headers(headers)
        self._desk = desk
        self._submitted = submitted
        self._tenant = tenant
        self._waiter = waiter
        self._shape = shape

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        job_id = self._submitted.job_id
        with self._desk.feed.watching(job_id, until_end=True) as watch, self._desk.listening.to(job_id, watch) as listener:
            sound = Sound(self._desk, job_id, self._tenant, listener, watch)
            sending = asyncio.ensure_future(self._send(sound, send))
            hung_up = asyncio.ensure_future(client_gone(Request(scope, receive)))
            try:
                await asyncio.wait((sending, hung_up), return_when=asyncio.FIRST_COMPLETED)
                if not sending.done():
                    self._desk.in_background(cancel_unless_reattached(self._desk, job_id, self._tenant, self._waiter))
                    return
                sending.result()
            finally:
                sending.cancel()
                hung_up.cancel()
                await asyncio.gather(sending, hung_up, return_exceptions=True)

    async def _send(self, sound: Sound, send: Send) -> None:
        has_begun = False
        try:
            # Closed in any case: it may be reading an object.
            async with aclosing(sound.pieces(is_new=self._submitted.outcome == "created")) as pieces:
                async for piece in pieces:
                    if not has_begun:
                        await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
                        has_begun = True
                    await self._give(send, self._shape.sound(piece))
        except SpeechmillError as error:
            if not has_begun:
                raise
            log.warning("the stream of %s ends in its middle: %s", self._submitted.job_id, error.message)
            last = self._shape.failed(error)
            if last is None:
                return  # without the last chunk: no client can take what it has for all of it
            await self._give(send, last, more=False)
            return
        except TimeoutError:
            log.warning("the client of %s takes nothing; it is left alone", self._submitted.job_id)
            return
        assert sound.job
        await self._give(send, self._shape.done(sound.job), more=False)

    async def _give(self, send: Send, body: bytes, *, more: bool = True) -> None:
        """Raises TimeoutError when the client takes nothing."""
        async with asyncio.timeout(self._desk.settings.streams.stall_s):
            await send({"type": "http.response.body", "body": body, "more_body": more})
