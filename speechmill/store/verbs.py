"""What can be done to the job store: one function a verb, each a `Call` of one atomic Redis script.

A verb only says what to call and how to read the reply; `client.py` runs it, blocking (workers, CLI) or awaiting (producer).
Every verb may be run again after a lost reply: it does nothing twice.
"""

import json
import struct
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Generic, Literal, TypeVar

from speechmill.job import Job, JobClass, JobError, Output, Phase, SegmentCounts, Status, Unit, Waiting
from speechmill.request import SpeechSpec
from speechmill.store.scripts import SCRIPTS, Script
from speechmill.timestamps import SentenceTime, dumped

T = TypeVar("T")

Argument = str | bytes | int | float
Bells = tuple[tuple[str, int], ...]
"""Doorbells to send: (queue, times)."""


@dataclass(frozen=True)
class Call(Generic[T]):
    """One run of a script: its arguments, and how its reply is read."""

    script: Script
    args: tuple[Argument, ...]
    read: Callable[[Any], T]


@dataclass(frozen=True)
class Submission:
    """A validated job on its way into the store. Either `text` or `input_key` holds the input."""

    job_id: str
    tenant: str
    spec: SpeechSpec              # or one that has more: a BookSpec
    phase: Phase                  # WHOLE or PLAN
    characters: int
    text: str
    input_key: str
    request_id: str
    fingerprint: str
    route: str = ""               # what "the same request" is looked for in
    idempotency_key: str = ""
    attach: bool = False          # an SDK's retry: attach to a like job of the last ten minutes
    waiter: str = ""              # who waits for it, in a sync call
    queue_limit: int = 1_000_000  # this and the next two: where nothing else was said of this tenant; 0: no limit
    job_limit: int = 0            # queued and in progress
    characters_a_day: int = 0
    idempotency_s: int = 86_400
    traceparent: str = ""         # of the span that its units are parts of, where it is traced
    voice_limit: int = 0          # of a voice of one's own: how many a tenant may have


@dataclass(frozen=True)
class Submitted:
    """How SUBMIT ended: created | replayed | attached | reused | full | busy | spent | many. `limit`: the one that refused it; of
    a new job, the tenant's characters a day (0: none), of which `characters_left` are left."""

    outcome: str
    job_id: str
    bells: Bells
    job: Job | None = None        # the new job, where this very call made it
    limit: int = 0
    characters_left: int = 0


@dataclass(frozen=True)
class Verdict:
    """Whether the caller still held the lease and its commit counts, and the doorbells to send."""

    committed: bool
    bells: Bells


@dataclass(frozen=True)
class Swept:
    crashed: int
    expired: int
    workers_lost: int
    bells: Bells


@dataclass(frozen=True)
class OutOfDate:
    """An ended job whose results are no longer kept, and the objects that its record and those of its parts name. `output_bytes`
    of one of them."""

    job_id: str
    objects: tuple[str, ...]
    output_bytes: int
    tenant: str


@dataclass(frozen=True)
class Place:
    """Where a segment's line lies in the plan object, bytes, and how many characters it speaks."""

    offset: int
    bytes: int
    characters: int


@dataclass(frozen=True)
class EngineFigures:
    """What the engine behind a worker's voice says of itself, for /metrics: figures by name."""

    model: str
    figures: Mapping[str, float]


@dataclass(frozen=True)
class WorkerFigures:
    """What a worker says of itself, for /metrics: figures by name. `engine`: None where its voice has none that runs."""

    role: str
    figures: Mapping[str, float]
    engine: EngineFigures | None = None


def submit(s: Submission) -> Call[Submitted]:
    spec = s.spec
    hook = ",".join(spec.webhook.events) if spec.webhook else ""
    return Call(SCRIPTS["submit"], (
        s.job_id, s.tenant, spec.klass.value, spec.model, s.phase.value, s.characters, spec.model_dump_json(),
        s.text, s.input_key, s.request_id, s.idempotency_key, s.fingerprint, int(s.attach), _or_empty(spec.deadline), hook,
        s.waiter, _or_empty(spec.expires_after), s.queue_limit, s.idempotency_s, s.route, s.traceparent,
        s.job_limit, s.characters_a_day, s.voice_limit, ",".join(spec.own_voices),
    ), lambda reply: _submitted(s, *reply))


def claim(worker: str, queues: Sequence[str]) -> Call[tuple[Unit, Bells] | None]:
    """Lease the next unit of the first of `queues` that has one, for this worker. A suspect comes with its company: as many of
    its group as the worker said, when it enlisted, that it takes at once."""
    return Call(SCRIPTS["claim"], (worker, *queues), _claimed)


def beat(worker: str, held: Iterable[tuple[str, int]], reply_ms: int,
         figures: WorkerFigures | None = None) -> Call[tuple[bool, tuple[str, ...]]]:
    """Renew the leases of `held` (unit, token). Answers whether the worker is enlisted, and the units it should stop.
    A unit claimed more than `reply_ms` ago that is not in `held` never reached the worker and goes back to its queue.
    `figures` replace what was said with an earlier beat."""
    pairs = tuple(part for unit, token in held for part in (unit, token))
    said = json.dumps(asdict(figures)) if figures else ""
    return Call(SCRIPTS["beat"], (worker, reply_ms, said, *pairs), lambda reply: (reply[0] == 1, tuple(reply[1:])))


def planned(unit: Unit, plan_key: str, places: Sequence[Place]) -> Call[Verdict]:
    index = b"".join(struct.pack("<IHH", place.offset, place.bytes, place.characters) for place in places)
    characters = sum(place.characters for place in places)
    return Call(SCRIPTS["planned"], (unit.ref, unit.token, plan_key, index, characters), _verdict)


def spoken(unit: Unit, take: Mapping[str, Any]) -> Call[Verdict]:
    """A segment's take passed and lies in storage. `take` is its public record; the token is added here."""
    return Call(SCRIPTS["spoken"], (unit.ref, unit.token, _take(unit, take), *_counts(take)), _verdict)


def completed(unit: Unit, output: Output, *, take: Mapping[str, Any] | None, speak_ms: int,
              times: Sequence[SentenceTime] = ()) -> Call[Verdict]:
    """Publish the result. `take`: the record of the only segment of a one-unit job, `times`: of its sentences."""
    return Call(SCRIPTS["completed"], (
        unit.ref, unit.token, output.model_dump_json(), round(output.duration_seconds * 1000), speak_ms,
        dumped(times), *(("",) if take is None else (_take(unit, take), *_counts(take))),
    ), _verdict)


def failed(unit: Unit, error: JobError) -> Call[tuple[str, Bells]]:
    """again (it was queued once more) | failed (and the job with it) | lost (the lease was)"""
    return Call(SCRIPTS["failed"], (unit.ref, unit.token, error.model_dump_json(), int(error.retryable)),
                lambda reply: (reply[0], read_bells(reply[1])))


def released(unit: Unit) -> Call[Verdict]:
    return Call(SCRIPTS["released"], (unit.ref, unit.token), _verdict)


def crashed(units: Iterable[Unit]) -> Call[Verdict]:
    """The voice of a living worker died with these in flight."""
    pairs = tuple(part for unit in units for part in (unit.ref, unit.token))
    return Call(SCRIPTS["crashed"], pairs, _verdict)


def cancel(job_id: str, tenant: str, *, waiter: str = "") -> Call[tuple[str, Bells]]:
    """missing | ended | attached | done. With `waiter`: only if no other client waits for it or was promised it."""
    return Call(SCRIPTS["cancel"], (job_id, tenant, waiter), lambda reply: (reply[0], read_bells(reply[1])))


def retry(job_id: str, tenant: str, *, traceparent: str = "", queue_limit: int = 0,
          job_limit: int = 0) -> Call[tuple[str, Bells, int]]:
    """missing | not_failed | expired | full | busy | done. `traceparent`: of the span that its units are parts of from now on.
    The limits are as of a Submission; the one that refused it comes last, else 0."""
    return Call(SCRIPTS["retry"], (job_id, tenant, traceparent, queue_limit, job_limit),
                lambda reply: (reply[0], read_bells(reply[1]), reply[2] if len(reply) > 2 else 0))


def delete(job_id: str, tenant: str) -> Call[str]:
    """missing | not_ended | done"""
    return Call(SCRIPTS["delete"], (job_id, tenant), str)


def look(job_id: str, tenant: str) -> Call[Job | None]:
    return Call(SCRIPTS["look"], (job_id, tenant), lambda reply: _job(job_id, reply))


def list_jobs(tenant: str, *, status: str, after: str, limit: int, newest_first: bool,
              kind: Literal["jobs", "books", "voices", "batches"] = "jobs") -> Call[list[str] | None]:
    """Up to `limit` + 1 ids after the cursor (the one more says that there is a next page); None: no such cursor."""
    return Call(SCRIPTS["list"], (tenant, status, after, limit, int(newest_first), kind),
                lambda reply: None if reply is None else list(reply))


def enlist(worker: str, role: str, host: str, state: str, slots: Mapping[str, int]) -> Call[Bells]:
    """state: warming | ready | full (it has no room to work) | draining | gone. `slots`: how many units of each queue it takes
    at once."""
    pairs = tuple(part for queue, n in slots.items() for part in (queue, n))
    return Call(SCRIPTS["enlist"], (worker, role, host, state, *pairs), read_bells)


def sweep(pause_ms: int) -> Call[Swept | None]:
    """None when another process swept less than `pause_ms` ago."""
    return Call(SCRIPTS["sweep"], (pause_ms,),
                lambda reply: None if reply is None else Swept(reply[0], reply[1], reply[2], read_bells(reply[3])))


def reapable(limit: int) -> Call[list[OutOfDate]]:
    """Ended jobs whose results are out of date."""
    return Call(SCRIPTS["reapable"], (limit,), lambda reply: [
        OutOfDate(job_id, tuple(objects), n_bytes, tenant) for job_id, n_bytes, objects, tenant in reply])


def reaped(job_id: str) -> Call[None]:
    return Call(SCRIPTS["reaped"], (job_id,), lambda _: None)


def _submitted(s: Submission, outcome: str, job_id: str, bells: Sequence[Any], *more: Any) -> Submitted:
    if outcome != "created" or not more:
        return Submitted(outcome, job_id, read_bells(bells), limit=more[0] if more else 0)
    created_ms, waiting, limit, left = more
    return Submitted(outcome, job_id, read_bells(bells), _new_job(s, created_ms, waiting), limit, left)


def _or_empty(value: int | None) -> Argument:
    return "" if value is None else value


def _take(unit: Unit, take: Mapping[str, Any]) -> str:
    return json.dumps({**take, "token": unit.token}, separators=(",", ":"))


def _counts(take: Mapping[str, Any]) -> tuple[int, int, int, int]:
    """In the order in which `accept` of `lua/lib.lua` takes them: flagged, cached, utterances, sound in ms."""
    return (1 if take.get("flags") else 0, 1 if take.get("cached") else 0, take.get("spoken", 0),
            round(take.get("duration_seconds", 0) * 1000))


def read_bells(reply: Sequence[Any]) -> Bells:
    """Doorbells as every script answers them: {queue, times, ...}."""
    return tuple(zip(reply[::2], reply[1::2], strict=True))


def _verdict(reply: Sequence[Any]) -> Verdict:
    return Verdict(reply[0] >= 1, read_bells(reply[1]))


def _claimed(reply: Sequence[Any] | None) -> tuple[Unit, Bells] | None:
    if reply is None:
        return None
    bells, first, *others = reply
    return _unit(first, tuple(map(_unit, others))), read_bells(bells)


def _unit(reply: Sequence[Any], company: tuple[Unit, ...] = ()) -> Unit:
    (ref, token, attempt, queue, characters, now, segment, offset, size,
     phase, tenant, model, spec, request_id, text, input_key, plan_key, n_segments, created, traceparent, lexicons) = reply
    return Unit(
        ref=ref, job_id=ref.rpartition("/")[0], token=token, attempt=attempt, queue=queue, tenant=tenant, model=model,
        phase=Phase(phase), characters=characters, spec=json.loads(spec), request_id=request_id, text=text,
        input_key=input_key, plan_key=plan_key, plan_offset=offset, plan_bytes=size,
        segment=segment if segment >= 0 else None, n_segments=int(n_segments), queued_ms=int(created), claimed_ms=now,
        traceparent=traceparent, company=company,
        lexicons={name: known.partition(" ")[0] for name, known in zip(lexicons[::2], lexicons[1::2], strict=True)})


def _job(job_id: str, reply: Sequence[Any] | None) -> Job | None:
    if reply is None:
        return None
    (tenant, status, phase, klass, model, version, progress, characters, segments, done, flagged, attempts, spec, created,
     started, ended, cancelled, expires, deadline, request_id, output, error, plan_key, traceparent) = reply[0]
    failed_segments = 1 if status == Status.FAILED and phase in (Phase.SPEAK, Phase.WHOLE) else 0
    return Job(
        id=job_id, tenant=tenant, status=Status(status), phase=Phase(phase), klass=JobClass(klass), model=model,
        version=int(version), progress=int(progress), characters=int(characters),
        segments=SegmentCounts(total=int(segments), completed=int(done), failed=failed_segments, flagged=int(flagged)),
        attempts=int(attempts), spec=json.loads(spec), created_ms=int(created), started_ms=_ms(started),
        completed_ms=_ms(ended) if status != Status.CANCELLED else None, cancelled_ms=_ms(cancelled), expires_ms=_ms(expires),
        deadline_ms=_ms(deadline), request_id=request_id or "", plan_key=plan_key or "",
        traceparent=traceparent or "",
        output=Output.model_validate_json(output) if output else None,
        error=JobError.model_validate_json(error) if error else None,
        waiting=read_waiting(*reply[1]) if len(reply) > 1 else None,
    )


def _new_job(s: Submission, created_ms: int, waiting: Sequence[Any]) -> Job:
    """As LOOK would show it, without a second round trip."""
    spec = s.spec
    return Job(
        id=s.job_id, tenant=s.tenant, status=Status.QUEUED, phase=s.phase, klass=spec.klass, model=spec.model, version=1,
        progress=0, characters=s.characters, segments=SegmentCounts(total=int(s.phase is Phase.WHOLE)), attempts=0,
        spec=spec.model_dump(), created_ms=created_ms, request_id=s.request_id, waiting=read_waiting(*waiting),
        deadline_ms=created_ms + spec.deadline * 1000 if spec.deadline is not None else None)


def _ms(value: str | None) -> int | None:
    return int(value) if value else None


def read_waiting(queue: str, slots: int, warming: int, leased: int, backlog: int, rank: int) -> Waiting:
    position = rank + 1 if rank >= 0 else None
    if slots == 0 and warming > 0:
        return Waiting(reason="warming", detail=f"A worker for {queue} is warming up.", position=position,
                       characters_ahead=backlog)
    if slots == 0:
        return Waiting(reason="no_worker", detail=f"No worker for {queue} is running.", position=position,
                       characters_ahead=backlog)
    if leased >= slots:
        return Waiting(reason="busy", detail=f"All {slots} slots for {queue} are taken; {backlog:,} characters are queued there.",
                       position=position, characters_ahead=backlog)
    return Waiting(reason="starting", detail="A free worker is about to take it.", position=position, characters_ahead=backlog)
