"""What the model remembers: jobs, their units, leases, workers, events."""

from dataclasses import dataclass, field
from enum import StrEnum
from math import inf

from speechmill.job import JobClass, Phase, Status
from speechmill.store.verbs import Submission


class Place(StrEnum):
    """Where a unit is: always in exactly one of these."""

    LATER = "later"      # not queued yet: of a chapter that is not open, until its book comes to it
    NEW = "new"          # queued, never claimed
    BACK = "back"        # queued, claimed before; goes before the new ones of its job
    SUSPECT = "suspect"  # queued with a group of suspects: its worker died
    LEASED = "leased"
    DONE = "done"
    STOPPED = "stopped"  # its job is over or nearly so; /retry of a failed job queues it again


WAITING = (Place.NEW, Place.BACK)


@dataclass
class Lease:
    token: int
    worker: str
    queue: str
    claimed_ms: int
    ends_ms: int


@dataclass
class ModelUnit:
    job: str
    name: str
    characters: int
    place: Place = Place.LATER
    was_claimed: bool = False
    attempt: int = 0
    tries: int = 0
    crashes: int = 0                # while nothing ran beside it
    group: str = ""                 # of suspects
    lease: Lease | None = None

    @property
    def ref(self) -> str:
        return f"{self.job}/{self.name}"

    def forget_charges(self) -> None:
        """What it was charged with is kept only while it may be claimed again."""
        self.attempt = self.tries = self.crashes = 0
        self.group = ""


@dataclass(frozen=True)
class Sound:
    """What a worker says of a take."""

    is_flagged: bool = False
    is_cached: bool = False
    n_utterances: int = 1
    duration_ms: int = 1500


@dataclass(frozen=True)
class ModelTake:
    """An accepted take of one segment, which has so many characters."""

    token: int
    is_flagged: bool
    is_cached: bool
    characters: int


@dataclass(frozen=True)
class Cut:
    """What a plan cuts a text into, characters of each: into segments; a book into chapters, of which `window` are spoken
    at once."""

    segments: tuple[int, ...] = (100,)
    chapters: tuple[int, ...] = (100, 100)
    window: int = 1


@dataclass
class ModelJob:
    """An accepted job, or a chapter of an accepted book. `units` are those of its present phase."""

    id: str
    tenant: str
    klass: JobClass
    model: str
    phase: Phase
    characters: int
    asked_characters: int               # as it was accepted; of a book, what it was read to hold replaces `characters`
    hook: tuple[str, ...]
    order: int
    created_ms: int
    units: dict[str, ModelUnit]
    waiters: set[str] | None            # None: somebody was promised it for good
    keep_ms: int | None
    deadline_ms: int | None
    deadline_stands: bool               # the sweep looks at it
    status: Status = Status.QUEUED
    segments: list[int] = field(default_factory=list)      # characters of each, once planned
    takes: dict[int, ModelTake] = field(default_factory=dict)
    progress: int = 0
    attempts: int = 0
    version: int = 1
    started_ms: int | None = None
    ended_ms: int | None = None
    expires_ms: int | None = None       # its results go
    forget_ms: int | None = None        # its record goes; known when its results have gone
    error: str = ""
    plan_token: int | None = None
    final_token: int | None = None
    abandoned: bool = False
    n_chapters: int | None = None       # of a book that has any, once they are known
    opened: int = 0                     # of them, up to which one
    window: int = 0                     # how many may be spoken at once

    @classmethod
    def accepted(cls, asked: Submission, order: int, now_ms: int) -> "ModelJob":
        spec = asked.spec
        name = asked.phase.value
        return cls(
            id=asked.job_id, tenant=asked.tenant, klass=spec.klass, model=spec.model, phase=asked.phase,
            characters=asked.characters, asked_characters=asked.characters,
            hook=spec.webhook.events if spec.webhook else (), order=order, created_ms=now_ms,
            units={name: ModelUnit(asked.job_id, name, asked.characters)}, waiters={asked.waiter} if asked.waiter else None,
            keep_ms=None if spec.expires_after is None else spec.expires_after * 1000,
            deadline_ms=None if spec.deadline is None else now_ms + spec.deadline * 1000,
            deadline_stands=spec.deadline is not None)

    @classmethod
    def chapter(cls, book: "ModelJob", number: int, characters: int, now_ms: int) -> "ModelJob":
        """It waits until its book opens it, is kept as long as the book, and tells the book's receiver of itself."""
        name, job_id = Phase.PLAN.value, f"{book.id}.{number}"
        return cls(
            id=job_id, tenant=book.tenant, klass=book.klass, model=book.model, phase=Phase.PLAN, characters=characters,
            asked_characters=characters, hook=book.hook, order=book.order, created_ms=now_ms,
            units={name: ModelUnit(job_id, name, characters)}, waiters=None, keep_ms=None, deadline_ms=None,
            deadline_stands=False)

    @property
    def is_of_a_book(self) -> bool:
        """The book itself, or a chapter."""
        return self.id.startswith("book_")

    @property
    def book(self) -> str:
        """Which it is a chapter of; "" for every job that a client asked for."""
        return self.id.rpartition(".")[0]

    @property
    def kind(self) -> str:
        """What the types of its events start with."""
        if not self.is_of_a_book:
            return "speech.job"
        return "book.chapter" if self.book else "book"

    @property
    def queue(self) -> str:
        """Where its units wait in the present phase."""
        if self.phase in (Phase.PLAN, Phase.FINISH):
            return f"cpu:{self.klass.value}"
        return f"speech:{self.model}:{self.klass.value}"

    @property
    def suspect_queue(self) -> str:
        return self.queue.rpartition(":")[0] + ":suspect"

    def at(self, *places: Place) -> list[ModelUnit]:
        return [unit for unit in self.units.values() if unit.place in places]

    @property
    def n_segments(self) -> int:
        return 1 if "whole" in self.units else len(self.segments)

    @property
    def spoken_characters(self) -> int:
        """Of a planned job, what its progress counts."""
        return 0 if "whole" in self.units else sum(take.characters for take in self.takes.values())

    @property
    def spoken_text(self) -> int:
        """Of a chapter: as much of its text, characters, as of what is to be spoken is spoken."""
        return self.characters * self.spoken_characters // (sum(self.segments) or 1)


@dataclass(frozen=True)
class LogEntry:
    """One entry of the event log."""

    job: str
    type: str
    status: str
    progress: int
    version: int


@dataclass
class ModelEvent:
    """A webhook event in the outbox (`due_ms`), or settled, and then kept for a while (`until_ms`). While it is delivered:
    when its hold ends (`held_until_ms`)."""

    job: str
    tenant: str
    type: str
    at_ms: int
    due_ms: int | None
    until_ms: float = inf
    tries: int = 0
    hold: int = 0
    held_until_ms: int | None = None


@dataclass
class ModelWorker:
    """`slots` by queue; None for one that beats but has not said what it is."""

    beat_ms: int
    state: str = ""
    slots: dict[str, int] | None = None
