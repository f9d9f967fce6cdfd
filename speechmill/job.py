"""A job, what it is cut into, and the state machine that both obey.

A *job* is what a client asked for. A *unit* is what a worker leases: the whole of a short job, one segment of a long one,
or a long job's plan or finish step. TRANSITIONS is the only place that says which status may follow which: the Redis
scripts are given this very table (see `speechmill/store/scripts.py`), so no other code can move a job.
"""

from enum import StrEnum
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field


class Status(StrEnum):
    QUEUED = "queued"            # accepted and durable; no unit of it has been claimed yet
    IN_PROGRESS = "in_progress"  # a worker has claimed at least one unit
    CANCELLING = "cancelling"    # asked to stop; some unit of it is still leased
    COMPLETED = "completed"      # the result is published
    FAILED = "failed"            # `error` says why; /retry makes it queued again
    CANCELLED = "cancelled"
    EXPIRED = "expired"          # its deadline passed before it was finished


TRANSITIONS: dict[Status, frozenset[Status]] = {
    Status.QUEUED: frozenset({Status.IN_PROGRESS, Status.CANCELLED, Status.EXPIRED}),
    Status.IN_PROGRESS: frozenset({Status.CANCELLING, Status.CANCELLED, Status.COMPLETED, Status.FAILED,
                                   Status.EXPIRED}),
    Status.CANCELLING: frozenset({Status.CANCELLED, Status.COMPLETED}),
    Status.COMPLETED: frozenset(),
    Status.FAILED: frozenset({Status.QUEUED}),
    Status.CANCELLED: frozenset(),
    Status.EXPIRED: frozenset(),
}

TERMINAL = frozenset({Status.COMPLETED, Status.FAILED, Status.CANCELLED, Status.EXPIRED})


class Phase(StrEnum):
    """What a job's units are at the moment; it decides which role works on it."""

    WHOLE = "whole"    # one segment: a speech worker speaks, encodes and publishes it in one claim
    PLAN = "plan"      # a cpu worker cuts the text into segments
    SPEAK = "speak"    # speech workers speak the segments, in any order
    FEED = "feed"      # of a batch: a cpu worker writes down which lines have ended, and opens the next ones
    PARTS = "parts"    # of a book or a batch: its chapters or lines, each a job of its own, are made
    FINISH = "finish"  # a cpu worker joins the segments (of a book, its chapters), encodes and publishes


class JobClass(StrEnum):
    """Which share of the workers a unit competes for."""

    INTERACTIVE = "interactive"  # somebody is waiting: slots and threads stay reserved for it
    BATCH = "batch"
    SUSPECT = "suspect"          # was in flight when a worker died; runs with its group, and with no batch unit


class Output(BaseModel):
    """Where a completed job's audio lies, by object keys."""

    model_config = ConfigDict(frozen=True)

    key: str
    bytes: int
    sha256: str
    content_type: str
    duration_seconds: float
    sample_rate: int
    manifest_key: str = ""   # one JSON line a segment: span, text, times, flags; of jobs with several
    files: dict[str, "OutputFile"] = {}   # what else was made, by name ("m4b", "mp3", "vtt" …); of books and their chapters


class Crash(BaseModel):
    """A worker, or its engine, died while it worked on one unit and on nothing else. `incident` numbers such deaths."""

    model_config = ConfigDict(frozen=True)

    incident: int
    at_ms: int
    worker: str


class OutputFile(BaseModel):
    """One of several files that a job gave."""

    model_config = ConfigDict(frozen=True)

    key: str
    bytes: int
    sha256: str
    content_type: str


class JobError(BaseModel):
    """Why a job failed, as its client sees it. Of code `worker_crashed`, `unit` is the one that did it, and `crashes` are those
    that it is charged with, oldest first."""

    model_config = ConfigDict(frozen=True)

    code: str
    message: str
    param: str | None = None
    type: str = "server_error"
    retryable: bool = False
    unit: str | None = None
    crashes: tuple[Crash, ...] = ()


class SegmentCounts(BaseModel):
    model_config = ConfigDict(frozen=True)

    total: int = 0
    completed: int = 0
    failed: int = 0
    flagged: int = 0


class Job(BaseModel):
    """A snapshot of a job's record. Times are Unix milliseconds by Redis's clock; None means "not yet" or "never"."""

    model_config = ConfigDict(frozen=True)

    id: str
    tenant: str
    status: Status
    phase: Phase
    klass: JobClass
    model: str
    version: int                      # grows with every change; the ETag
    progress: int                     # 0–100 by characters; never goes down
    characters: int
    segments: SegmentCounts
    attempts: int
    spec: dict[str, Any]              # the validated request (speechmill.request.SpeechSpec), without its text
    created_ms: int
    started_ms: int | None = None
    completed_ms: int | None = None
    cancelled_ms: int | None = None
    expires_ms: int | None = None
    deadline_ms: int | None = None
    request_id: str = ""
    plan_key: str = ""                # the object that lists the segments, once they are cut
    traceparent: str = ""             # of the span that its units are parts of (speechmill/trace/seam.py), where it is traced
    output: Output | None = None
    error: JobError | None = None
    waiting: "Waiting | None" = None  # only while queued

    @property
    def ended(self) -> bool:
        return self.status in TERMINAL


class Waiting(BaseModel):
    """Why a queued job waits."""

    model_config = ConfigDict(frozen=True)

    reason: Literal["no_worker", "warming", "busy", "starting"]
    detail: str
    position: int | None = None       # 1 = next among this tenant's jobs of its class
    characters_ahead: int = Field(0, description="characters queued in the same class, all tenants, an upper bound")


Kind = Literal["speech", "voice", "book", "chapter", "batch"]


class Unit(BaseModel):
    """What CLAIM hands to a worker: one unit of a job under a lease, with all that is needed to work on it."""

    model_config = ConfigDict(frozen=True)

    ref: str                 # "<job id>/<plan|finish|whole|segment number>"
    job_id: str
    token: int               # the fencing token: only its holder can commit
    attempt: int             # 1 for the first try of this unit
    queue: str               # the queue it came from; `queue.klass` is its class
    tenant: str
    model: str
    phase: Phase
    characters: int          # cost of this unit
    spec: dict[str, Any]
    request_id: str
    text: str = ""           # the whole input, where it was small enough to stay in Redis
    input_key: str = ""      # else the object that holds it
    plan_key: str = ""       # the plan object (JSON lines), once planned
    plan_offset: int = 0     # this segment's line in it, bytes
    plan_bytes: int = 0
    segment: int | None = None   # segment number, when phase is SPEAK
    n_segments: int = 0
    queued_ms: int = 0       # when the job was accepted, Redis's clock
    claimed_ms: int = 0
    traceparent: str = ""    # of the job's span, where it is traced
    lexicons: dict[str, str] = {}      # the tenant's, name -> SHA-256 of its content; of units that cut the text
    company: tuple["Unit", ...] = ()   # of a suspect, the others of its group that came with this claim, to run at the same time

    @property
    def kind(self) -> Kind:
        """Of the job that it is a unit of."""
        kind: Kind = self.spec.get("kind", "speech")
        return kind
