"""Sends Celery's doorbells from a thread of its own: `apply_async` blocks, and in an event loop it once stalled it for 4.4 s."""

import logging
import queue
import threading

from celery import Celery

from speechmill import tasks
from speechmill.store.verbs import Bells

log = logging.getLogger(__name__)


class Doorbell:
    """`ring` returns at once. A doorbell that is lost here is rung again by the sweep, so a full queue may drop it."""

    def __init__(self, app: Celery) -> None:
        self._app = app
        self._waiting: queue.Queue[Bells | None] = queue.Queue(maxsize=1000)
        self._thread = threading.Thread(target=self._run, name="doorbell", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def ring(self, bells: Bells) -> None:
        if bells:
            try:
                self._waiting.put_nowait(bells)
            except queue.Full:
                log.warning("doorbells are not getting through; the sweep will ring")

    def close(self) -> None:
        self._waiting.put(None)
        self._thread.join(timeout=2)
        self._app.close()

    def _run(self) -> None:
        while (bells := self._waiting.get()) is not None:
            for name, times in bells:
                try:
                    tasks.ring(self._app, name, times)
                except Exception as error:
                    log.warning("could not ring %s: %s", name, error)
