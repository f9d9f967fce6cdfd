"""The leases that this process holds: renewed by one heartbeat thread, ended by a message or by their loss.

Redis is the truth. What this process holds is told to it with every beat; a unit that Redis thinks we hold and we don't
(the reply to its CLAIM was lost, or a commit failed for good) goes back to its queue, uncharged.
"""

import logging
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from redis.exceptions import RedisError

from speechmill.errors import StoreUnavailable
from speechmill.job import Unit
from speechmill.store import verbs
from speechmill.store.client import STOP_CHANNEL, Store
from speechmill.store.verbs import WorkerFigures
from speechmill.trace.seam import NO_SPAN, Span

log = logging.getLogger(__name__)

_REMEMBERED_S = 5.0
"""So long after a job was stopped, a unit of it may still be on its way here: claimed before, and heard of after."""


class Stopped(Exception):
    """The unit must not go on: its job was cancelled or ended, its lease is lost, or this worker is leaving."""


class Lease:
    """One unit in this worker's hands, and the span of this attempt. `check` between steps; `interrupting` around what must be
    stopped in the middle."""

    def __init__(self, unit: Unit, span: Span = NO_SPAN) -> None:
        self.unit = unit
        self.span = span
        self.begun = time.monotonic()
        self._stopped = threading.Event()
        self._interrupts: list[Callable[[], None]] = []
        self._lock = threading.Lock()

    @property
    def stopped(self) -> bool:
        return self._stopped.is_set()

    def check(self) -> None:
        """Raises Stopped."""
        if self._stopped.is_set():
            raise Stopped

    def wait(self, seconds: float) -> None:
        """Sleep, but not past a stop. Raises Stopped."""
        if self._stopped.wait(seconds):
            raise Stopped

    @contextmanager
    def interrupting(self, interrupt: Callable[[], None]) -> Iterator[None]:
        """Inside, a stop calls `interrupt`, from another thread; at once if it has come already."""
        with self._lock:
            self._interrupts.append(interrupt)
            already = self._stopped.is_set()
        if already:
            interrupt()
        try:
            yield
        finally:
            with self._lock:
                self._interrupts.remove(interrupt)

    def stop(self) -> None:
        with self._lock:
            self._stopped.set()
            interrupts = list(self._interrupts)
        for interrupt in interrupts:
            interrupt()


class Leases:
    """All leases of this process, and the two threads that look after them."""

    def __init__(self, store: Store, worker: str, *, lease_s: float, reply_s: float, alive: Path,
                 well: Callable[[], bool], figures: Callable[[], WorkerFigures], on_unknown: Callable[[], None]) -> None:
        self._store = store
        self._worker = worker
        self._beat_s = lease_s / 4
        # A claim whose reply has not come by then never will: the connection has given up and tried once more.
        self._reply_ms = round(3 * reply_s * 1000)
        self._alive = alive
        self._well = well
        self._figures = figures
        self._on_unknown = on_unknown
        self.n_beats_missed = 0
        self._held: dict[str, Lease] = {}
        self._stopped_jobs: dict[str, float] = {}   # -> when we heard of it, s
        self._all_stopped = False
        self._lock = threading.Lock()
        self._closing = threading.Event()
        self._beat_now = threading.Event()
        self._threads = [threading.Thread(target=run, name=name, daemon=True)
                         for run, name in ((self._beat_forever, "heartbeat"), (self._listen_forever, "stop-listener"))]

    def start(self) -> None:
        for thread in self._threads:
            thread.start()

    def close(self) -> None:
        self._closing.set()
        self._beat_now.set()
        with suppress(FileNotFoundError):
            self._alive.unlink()

    @contextmanager
    def holding(self, unit: Unit, span: Span = NO_SPAN) -> Iterator[Lease]:
        lease = Lease(unit, span)
        with self._lock:
            self._held[unit.ref] = lease
            too_late = self._all_stopped
            is_doubtful = unit.job_id in self._stopped_jobs
        if too_late:  # it was being claimed when all were stopped
            lease.stop()
        if is_doubtful:  # the message found no lease to stop; or the job was retried since, and all is well: Redis knows
            self._beat_now.set()
        try:
            yield lease
        finally:
            with self._lock:
                # A unit that came back to this process under a new token is another lease.
                if self._held.get(unit.ref) is lease:
                    del self._held[unit.ref]

    def held(self) -> list[Lease]:
        with self._lock:
            return list(self._held.values())

    def stop_all(self) -> None:
        """For good: a lease that comes later is stopped from the start."""
        with self._lock:
            self._all_stopped = True
        for lease in self.held():
            lease.stop()

    def beat(self) -> None:
        """Renew all leases; stop those that are lost or whose job is being cancelled."""
        leases = {lease.unit.ref: lease for lease in self.held()}
        held = [(ref, lease.unit.token) for ref, lease in leases.items()]
        known, lost = self._store.run(verbs.beat(self._worker, held, self._reply_ms, self._figures()))
        for ref in lost:
            if ref in leases:
                log.info("stopping %s: its lease is gone or its job is being cancelled", ref)
                leases[ref].stop()
        if not known:
            self._on_unknown()

    def _beat_forever(self) -> None:
        pause_s = 0.0
        while True:
            self._beat_now.wait(pause_s)
            self._beat_now.clear()
            if self._closing.is_set():
                return
            pause_s = self._beat_s if self._try_to_beat() else min(1.0, self._beat_s)

    def _try_to_beat(self) -> bool:
        try:
            # A scratch folder that is gone or full must not end the heartbeat: leases hang on it.
            with suppress(OSError):
                if self._well():
                    self._alive.touch()
            self.beat()
            return True
        except Exception as error:
            if self._closing.is_set():  # and the store is closed, with the connection under this beat
                pass
            elif isinstance(error, StoreUnavailable):
                # Leases are kept: when Redis returns before another worker has claimed a unit, its work still counts.
                log.warning("heartbeat missed: %s", error.message)
                self.n_beats_missed += 1
            else:
                log.exception("heartbeat failed")
            return False

    def _listen_forever(self) -> None:
        while not self._closing.is_set():
            try:
                with self._store.redis.pubsub(ignore_subscribe_messages=True) as channel:  # type: ignore[no-untyped-call]
                    channel.subscribe(STOP_CHANNEL)
                    while not self._closing.is_set():
                        message = channel.get_message(timeout=1.0)
                        if message:
                            self._stop_job(message["data"])
            except (RedisError, OSError):
                # Until it is back, a beat brings the news.
                self._closing.wait(1.0)
            except Exception:
                # Whoever closes the store closes this connection, too; redis-py then stumbles over a socket that is gone.
                if not self._closing.is_set():
                    log.exception("listening failed")
                self._closing.wait(1.0)

    def _stop_job(self, job_id: str) -> None:
        now_s = time.monotonic()
        with self._lock:
            self._stopped_jobs = {job: at_s for job, at_s in self._stopped_jobs.items() if now_s - at_s < _REMEMBERED_S}
            self._stopped_jobs[job_id] = now_s
        for lease in self.held():
            if lease.unit.job_id == job_id:
                lease.stop()
