"""The object store, from the event loop: on threads of its own, and never waited for when it does not answer.

Threads of their own, because a store that hangs holds each of them for tens of seconds; what else needs a thread must not wait
behind them.
"""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

from speechmill.blobs.seam import Blobs
from speechmill.errors import BlobsUnavailable

T = TypeVar("T")

PROMPT_S = 0.3
"""An action that takes longer makes us ask whether the store answers at all."""
ANSWER_S = 1.5
"""How long it may take to say so. Together less than two seconds: then a 503 is on its way."""
THREADS = 32


class Storage:
    """`run` blocking calls to `blobs` without blocking the loop."""

    def __init__(self, blobs: Blobs) -> None:
        self.blobs = blobs
        self._threads = ThreadPoolExecutor(THREADS, thread_name_prefix="storage")
        # One more, so that asking never queues behind what hangs.
        self._asking = ThreadPoolExecutor(1, thread_name_prefix="storage-check")
        self._check: asyncio.Future[None] | None = None

    async def run(self, action: Callable[[], T]) -> T:
        """The action's result, however long it takes, as long as the store answers. Raises BlobsUnavailable."""
        doing = asyncio.get_running_loop().run_in_executor(self._threads, action)
        try:
            while not (await asyncio.wait({doing}, timeout=PROMPT_S))[0]:
                await self.check()
        except BaseException:
            doing.add_done_callback(_seen)
            raise
        return doing.result()

    async def check(self) -> None:
        """Raises BlobsUnavailable unless the store takes an object now. One check at a time, shared by all who want to know."""
        if self._check is None or self._check.done():
            self._check = asyncio.get_running_loop().run_in_executor(self._asking, self.blobs.check)
            self._check.add_done_callback(_seen)
        done, _ = await asyncio.wait({self._check}, timeout=ANSWER_S)
        if not done:
            raise BlobsUnavailable("Storage does not answer.", retry_after_s=2)
        self._check.result()

    def close(self) -> None:
        for threads in (self._threads, self._asking):
            threads.shutdown(wait=False, cancel_futures=True)


def _seen(future: "asyncio.Future[Any]") -> None:
    """Nobody waits for it any more; asyncio would complain of an exception that nobody looked at."""
    if not future.cancelled():
        future.exception()
