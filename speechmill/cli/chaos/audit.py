"""Whether everything held: rules that hold what the clients saw against what the system shows in the end. Pure: given the same
evidence, the same verdict. Each rule says what broke it, a line a case."""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from speechmill.cli.chaos.event_log import Told
from speechmill.cli.chaos.ledger import ENDS, Entry, Ledger, Story
from speechmill.cli.chaos.receiver import Received

MAX_CRASHES = 3
"""A unit that was alone in flight in so many crashes is given up (SPEECHMILL_WORKER__MAX_CRASHES)."""
MAX_HALVINGS = 3
"""So many more it takes to find it among the eight units that a worker of the default settings may hold: four that are spoken,
four that are wrapped up."""
CRASHED = "worker_crashed"
NOT_COMPLETED = 409
"""What /content answers for a job that has no result."""


@dataclass(frozen=True, slots=True)
class Seen:
    """A job as any client sees it in the end. `audio_sha256`: of what was downloaded, empty where that failed;
    `content_status`: what its content answered."""

    status: str
    sha256: str = ""
    error_code: str = ""
    content_status: int = 200
    audio_sha256: str = ""


@dataclass(frozen=True)
class Evidence:
    """All that is known when the run is over. `deaths_s`: when a fault killed or froze a worker; `poisoned`: workers that poison
    killed; `spoiled`: processes that ended although nothing should have ended them; `gauges`: what must be zero, None where
    nothing said it; `unsettled`: what was still going on when patience ended."""

    ledger: Ledger
    jobs: Mapping[str, Seen]
    log: Mapping[str, Told]
    events: Mapping[str, Received]
    forged: Sequence[str] = ()
    deaths_s: Sequence[float] = ()
    n_poisoned: int = 0
    spoiled: Sequence[str] = ()
    gauges: Mapping[str, float | None] = field(default_factory=dict)
    counted: Mapping[str, float] = field(default_factory=dict)   # jobs by what became of them, as the system counts them
    unsettled: str = ""

    @property
    def accepted(self) -> list[Entry]:
        return [entry for entry in self.ledger.entries if entry.accepted]

    @property
    def strays(self) -> list[str]:
        """Jobs that no client knows by name: whoever asked for them hung up, or lost the answer."""
        known = {entry.job_id for entry in self.ledger.entries}
        return [job_id for job_id in self.log.keys() | self.jobs.keys() if job_id not in known]

    def n_deaths(self, entry: Entry) -> int:
        """Workers that faults killed or froze in the job's time."""
        until_s = entry.ended_s or float("inf")
        return sum(entry.accepted_s <= at_s <= until_s for at_s in self.deaths_s)


def audit(evidence: Evidence) -> dict[str, list[str]]:
    """Rule → what broke it; empty lists all through when everything held."""
    return {name: list(rule(evidence)) for name, rule in RULES.items()}


def _lost(evidence: Evidence) -> Iterator[str]:
    for entry in evidence.accepted:
        if entry.job_id not in evidence.jobs and not entry.deletion_asked:
            yield f"{entry.job_id} ({entry.story}) was accepted, and is gone"


def _unfinished(evidence: Evidence) -> Iterator[str]:
    if evidence.unsettled:
        yield f"it did not settle: {evidence.unsettled}"
    for job_id, job in evidence.jobs.items():
        if job.status not in ENDS:
            yield f"{job_id} is still {job.status}"
    for job_id, told in evidence.log.items():
        if told.n_ends == 0:
            yield f"{job_id} has no end in the event log"


def _ended_twice(evidence: Evidence) -> Iterator[str]:
    for job_id, told in evidence.log.items():
        if told.n_ends > 1 or told.n_commits > 1:
            yield f"{job_id} ended {told.n_ends} times and was committed {told.n_commits} times"
        if told.after_end:
            yield f"{job_id} went on after its end: {told.after_end} entries"
    ends: dict[str, set[str]] = {}
    for event_id, event in evidence.events.items():
        ends.setdefault(event.job_id, set()).add(event_id)
    for job_id, ids in ends.items():
        if len(ids) > 1:
            yield f"{job_id} has {len(ids)} ending events: {', '.join(sorted(ids))}"


def _contradicted(evidence: Evidence) -> Iterator[str]:
    yield from evidence.ledger.contradictions
    for entry in evidence.ledger.entries:
        job, told = evidence.jobs.get(entry.job_id), evidence.log.get(entry.job_id)
        if job and entry.status and (entry.status, entry.sha256) != (job.status, job.sha256):
            yield f"{entry.job_id} was told to be {entry.status} {entry.sha256[:8]}, and is {job.status} {job.sha256[:8]}"
        if job and told and told.status != job.status:
            yield f"{entry.job_id} is {job.status}, and {told.status} in the event log"
        if entry.deleted and job:
            yield f"{entry.job_id} was deleted, and is still there"


def _invented(evidence: Evidence) -> Iterator[str]:
    n_unanswered = sum(not entry.job_id for entry in evidence.ledger.entries)
    if len(evidence.strays) > n_unanswered:
        yield f"{len(evidence.strays)} jobs that no client knows, of {n_unanswered} requests that were not answered"


def _wrong_audio(evidence: Evidence) -> Iterator[str]:
    half_deleted = {entry.job_id for entry in evidence.ledger.entries if entry.deletion_asked}
    for job_id, job in evidence.jobs.items():
        if job.status == "completed" and job_id not in half_deleted:
            if not job.audio_sha256:
                yield f"{job_id} is completed, and its audio cannot be read ({job.content_status})"
            elif job.audio_sha256 != job.sha256:
                yield f"{job_id}: its audio has SHA-256 {job.audio_sha256[:8]}, not {job.sha256[:8]}"


def _visible_orphans(evidence: Evidence) -> Iterator[str]:
    for job_id, job in evidence.jobs.items():
        if job.status in ENDS and job.status != "completed" and (job.content_status != NOT_COMPLETED or job.sha256):
            yield f"{job_id} is {job.status}, and its content answers {job.content_status}"


def _missing_events(evidence: Evidence) -> Iterator[str]:
    taken = {event.job_id: event for event in evidence.events.values() if event.n_taken}
    for entry in evidence.accepted:
        job = evidence.jobs.get(entry.job_id)
        if job is None or job.status not in ENDS or not entry.wants_event or entry.deletion_asked:
            continue  # Of a deleted job there is nothing left to tell.
        event = taken.get(entry.job_id)
        if event is None:
            yield f"{entry.job_id} ({entry.story}) is {job.status}, and nobody was told"
        elif (event.type, event.sha256) != (f"speech.job.{job.status}", job.sha256):
            yield f"{entry.job_id} is {job.status} {job.sha256[:8]}, and {event.type} {event.sha256[:8]} was told"


def _forged_events(evidence: Evidence) -> Iterator[str]:
    for event_id in evidence.forged:
        yield f"event {event_id or 'without an id'} does not verify, or changed from post to post"
    asked = {entry.job_id for entry in evidence.ledger.entries if entry.wants_event}
    for event_id, event in evidence.events.items():
        if event.job_id not in asked and event.job_id not in evidence.strays:
            yield f"event {event_id} is of {event.job_id}, which asked for none"


def _poison(evidence: Evidence) -> Iterator[str]:
    poisons = [entry for entry in evidence.accepted if entry.story is Story.POISON]
    for entry in poisons:
        job = evidence.jobs.get(entry.job_id)
        if job and (job.status, job.error_code) != ("failed", CRASHED):
            yield f"poison {entry.job_id} is {job.status} {job.error_code}, not failed as {CRASHED}"
    most = MAX_HALVINGS + MAX_CRASHES
    if evidence.n_poisoned > most * len(poisons):
        yield f"{len(poisons)} poison jobs killed {evidence.n_poisoned} workers, more than {most} each"


def _failed_for_nothing(evidence: Evidence) -> Iterator[str]:
    for entry in evidence.ledger.entries:
        job = evidence.jobs.get(entry.job_id)
        if job is None or entry.story is Story.POISON:
            continue
        if job.status == "failed" and not is_excused(evidence, entry):
            yield (f"{entry.job_id} ({entry.story}) failed as {job.error_code}; in its time, faults hit "
                   f"{evidence.n_deaths(entry)} workers")
        if job.status == "cancelled" and not entry.cancel_asked:
            yield f"{entry.job_id} ({entry.story}) was cancelled, and nobody asked for it"
        if job.status == "expired" and entry.story is not Story.DEADLINE:
            yield f"{entry.job_id} ({entry.story}) expired without a deadline"


def is_excused(evidence: Evidence, entry: Entry) -> bool:
    """A unit in flight in three crashes is given up, and whether a fault or its own text caused them, nobody can tell. Only what
    faults alone explain is excused."""
    return evidence.jobs[entry.job_id].error_code == CRASHED and evidence.n_deaths(entry) >= MAX_CRASHES


def _miscounted(evidence: Evidence) -> Iterator[str]:
    for name, value in evidence.gauges.items():
        if value is None:
            yield f"/metrics does not say {name}"
        elif value:
            yield f"{name} is {value:g}, not 0"
    ends = Counter(told.status for told in evidence.log.values())
    for name, times in {"accepted": len(evidence.log), **{end: ends[end] for end in ENDS}}.items():
        if evidence.counted.get(name, 0) != times:
            yield f"/metrics counts {evidence.counted.get(name, 0):g} jobs {name}, the event log {times}"


def _processes(evidence: Evidence) -> Iterator[str]:
    yield from evidence.spoiled


def _answers(evidence: Evidence) -> Iterator[str]:
    yield from evidence.ledger.surprises


RULES: Mapping[str, Callable[[Evidence], Iterator[str]]] = {
    "lost": _lost,
    "unfinished": _unfinished,
    "ended_twice": _ended_twice,
    "contradicted": _contradicted,
    "invented": _invented,
    "wrong_audio": _wrong_audio,
    "visible_orphans": _visible_orphans,
    "missing_events": _missing_events,
    "forged_events": _forged_events,
    "poison": _poison,
    "failed_for_nothing": _failed_for_nothing,
    "miscounted": _miscounted,
    "processes": _processes,
    "answers": _answers,
}
