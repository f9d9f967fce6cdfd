"""What every part of a worker has at hand: settings, store, objects, voice, leases and permits of this process."""

import logging
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

from celery import Celery

from speechmill import tasks
from speechmill.blobs.seam import Blobs
from speechmill.catalogue import ModelInfo
from speechmill.errors import BlobsUnavailable, StoreUnavailable
from speechmill.ids import new_id
from speechmill.job import JobClass, Unit
from speechmill.settings import Settings
from speechmill.store import verbs
from speechmill.store.client import Store
from speechmill.store.verbs import Bells, Call, EngineFigures, Verdict, WorkerFigures
from speechmill.tasks import Queue
from speechmill.trace.seam import NoTracer, Tracer
from worker.align.seam import Aligner
from worker.deliver import Courier
from worker.figures import Figures
from worker.health import alive_file, ready_file
from worker.leases import Lease, Leases, Stopped
from worker.lexicons import Lexicons
from worker.permits import Permits
from worker.references import References
from worker.scratch import Scratch, scratch_folder
from worker.voices.seam import Encodes, Speech, Voice
from worker.wrap_ups import WrapUps

log = logging.getLogger(__name__)

T = TypeVar("T")


@dataclass(frozen=True)
class Claimed:
    """A unit, and the doorbells to send once its lease is looked after."""

    unit: Unit
    bells: Bells


@dataclass
class Station:
    """One worker process. `voice`, `model` and `aligner` are the speech role's only, `courier` is the cpu role's. `broken` says
    why it can't go on."""

    role: str
    settings: Settings
    app: Celery
    store: Store
    blobs: Blobs
    voice: Voice | None = None
    model: ModelInfo | None = None
    courier: Courier | None = None
    aligner: Aligner | None = None
    worker: str = field(default_factory=lambda: new_id("worker"))
    state: str = "warming"
    broken: str = ""
    draining: threading.Event = field(default_factory=threading.Event)
    figures: Figures = field(default_factory=Figures)
    tracer: Tracer = field(default_factory=NoTracer)

    def __post_init__(self) -> None:
        worker = self.settings.worker
        self.slots = worker.slots(self.role)
        self.batch = Permits(worker.batch_slots(self.role))
        self.interactive = Permits(self.slots)
        self.suspects = Permits(1)
        self.deliveries = Permits(worker.deliveries)
        self.wrap_ups = WrapUps(self.slots if self.role == "speech" else 0)
        self._enlisting = threading.Lock()
        self._speaking: dict[Speech, Lease] = {}
        self.scratch = Scratch(scratch_folder(self.settings), self._scratch_changed)
        self.references = References(self.blobs)
        self.lexicons = Lexicons(self.store)
        self.leases = Leases(self.store, self.worker, lease_s=worker.lease_s, reply_s=self.settings.redis.worker_timeout_s,
                             alive=alive_file(self.settings), well=lambda: self.voice is None or self.voice.well,
                             figures=self._said, on_unknown=self.enlist)

    @property
    def queues(self) -> dict[JobClass, str]:
        model = self.voice.model_id if self.voice else ""
        return {klass: Queue(self.role, klass, model).name for klass in JobClass}

    @property
    def encoding_model(self) -> ModelInfo | None:
        """Its model, if its voice takes recordings as that encoded them before."""
        voice: object = self.voice
        return self.model if isinstance(voice, Encodes) and voice.takes_encoded else None

    def _said(self) -> WorkerFigures:
        """What this worker says of itself with a beat, and the voice's engine, if it has one and that runs."""
        engine = EngineFigures(self.voice.model_id, dict(gauges)) if self.voice and (gauges := self.voice.gauges) else None
        return WorkerFigures(self.role, {**self.figures.now(), "beats_missed": self.leases.n_beats_missed}, engine)

    def enlist(self) -> None:
        """Tell Redis what this worker is and how much it takes at once. Raises StoreUnavailable."""
        capacity = {JobClass.INTERACTIVE: self.slots, JobClass.BATCH: self.batch.total,
                    JobClass.SUSPECT: self.batch.total}
        slots = {self.queues[klass]: n for klass, n in capacity.items()}
        # One at a time, so that a heartbeat that found us unknown cannot put an older state over a newer one.
        with self._enlisting:
            bells = self.store.run(verbs.enlist(self.worker, self.role, socket.gethostname(), self.state, slots))
        self.ring(bells)

    def claim(self, *classes: JobClass) -> Claimed | None:
        """The next unit of the first of these classes that has one; None also while Redis is away (the sweep rings again), or
        there is no room to work."""
        if self.scratch.full:
            return None
        try:
            claimed = self.store.run(verbs.claim(self.worker, [self.queues[klass] for klass in classes]))
        except StoreUnavailable as error:
            log.warning("cannot claim: %s", error.message)
            return None
        if claimed is None:
            return None
        return Claimed(*claimed)

    def take_units(self) -> None:
        """Tell all that this worker takes units, if it has room to make files in. Raises StoreUnavailable."""
        self.state = "full" if self.scratch.full else "ready"
        self.enlist()
        if not self.scratch.full:
            # Where even an empty file finds no room, the next look at the disk comes here again.
            with suppress(OSError):
                ready_file(self.settings).touch()

    def _scratch_changed(self) -> None:
        if self.state not in ("ready", "full") or self.draining.is_set():
            return
        if self.scratch.full:
            ready_file(self.settings).unlink(missing_ok=True)
        # Were Redis away: what it counts of our slots is wrong until the next change, which costs others a bell or two.
        with suppress(StoreUnavailable):
            self.take_units()

    @contextmanager
    def speaking(self, lease: Lease, speech: Speech) -> Iterator[None]:
        """Inside, `speech` is known to be this unit's (see worker/incidents.py), and a stop of the lease cancels it."""
        self._speaking[speech] = lease
        try:
            with lease.interrupting(speech.cancel):
                yield
        finally:
            del self._speaking[speech]

    def lease_of(self, speech: Speech) -> Lease | None:
        return self._speaking.get(speech)

    def commit(self, lease: Lease, call: Call[T]) -> T:
        """Run a verb that ends a unit, waiting for Redis where it is away. Raises Stopped when the lease is lost: then nothing
        was committed."""
        reply = self._run_when_redis_is_there(lease, call)
        if isinstance(reply, Verdict) and not reply.committed:
            self.ring(reply.bells)
            raise Stopped
        return reply

    def _run_when_redis_is_there(self, lease: Lease, call: Call[T]) -> T:
        pause_s = 0.1
        while True:
            try:
                return self.store.run(call)
            except StoreUnavailable as error:
                log.warning("holding a finished unit until Redis is back: %s", error.message)
                lease.wait(pause_s)
                pause_s = min(2 * pause_s, 2.0)

    def give_back(self, unit: Unit) -> None:
        """Undone and uncharged, for others to take. Where the lease is gone already, this does nothing."""
        # Were Redis away, the next beat no longer names the unit, and it goes back then.
        with suppress(StoreUnavailable):
            self.ring(self.store.run(verbs.released(unit)).bells)

    def upload(self, lease: Lease, key: str, source: bytes | Path, content_type: str) -> str:
        """Put an object, trying again while storage is away; returns its SHA-256. Raises BlobsUnavailable when patience ends."""
        with self.tracer.span("store", "client", lease.span.traceparent, content_type=content_type):
            return self._upload(lease, key, source, content_type)

    def _upload(self, lease: Lease, key: str, source: bytes | Path, content_type: str) -> str:
        deadline = time.monotonic() + self.settings.worker.upload_patience_s
        pause_s = 0.5
        while True:
            lease.check()
            try:
                return self.blobs.put(key, source, content_type).sha256
            except BlobsUnavailable as error:
                if time.monotonic() > deadline:
                    raise
                log.warning("storage is away, keeping the result: %s", error.message)
            lease.wait(pause_s)
            pause_s = min(2 * pause_s, 5.0)

    def ring(self, bells: Bells) -> None:
        """Send doorbells. One that is lost is rung again by the sweep."""
        for queue, times in bells:
            try:
                tasks.ring(self.app, queue, times)
            except Exception as error:
                self.figures.count("doorbells_lost")
                log.warning("could not ring %s: %s", queue, error)
