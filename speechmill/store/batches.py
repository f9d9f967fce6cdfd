"""What can be done to batches in the job store, beside what can be done to every job (verbs.py): see lua/lines.lua.

Whoever holds a unit of a batch calls these one after the other; where its lease is lost, they do nothing and say so.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from pydantic import TypeAdapter

from speechmill.batch import BatchFiles, LineError
from speechmill.file import StoredFile
from speechmill.job import JobError, Output, Phase, Status, Unit
from speechmill.store.scripts import SCRIPTS
from speechmill.store.verbs import Argument, Bells, Call, Verdict, read_bells

_ERRORS = TypeAdapter(tuple[LineError, ...])

OPENED_AT_ONCE = 32
"""Lines that one script opens, which takes it about two milliseconds."""
FOLDED_AT_ONCE = 50
"""Lines that one script reads, and one forgets."""


@dataclass(frozen=True)
class NewLine:
    """A line to be opened: a job like others. Either `text` or `text_key` holds what it speaks. `spec`: a SpeechSpec, JSON."""

    phase: Phase                 # WHOLE or PLAN
    model: str
    spec: str
    text: str
    text_key: str
    characters: int


@dataclass(frozen=True)
class EndedLine:
    """What became of a line. `number` counts from 1."""

    number: int
    status: Status
    output: Output | None
    error: JobError | None


@dataclass(frozen=True)
class Feeding:
    """How far a batch is. `ending`: cancelled | expired, or empty. `plan_key`: the object with its accepted lines. `slots`: how
    much batch work all speech workers take at once."""

    lines: int
    opened: int
    open: int
    open_characters: int
    ending: str
    plan_key: str
    slots: int


@dataclass(frozen=True)
class Acceptance:
    """accepted | spent | lost. Of `spent`: the tenant's characters a day, of which `left` are left."""

    outcome: Literal["accepted", "spent", "lost"]
    bells: Bells
    characters_a_day: int
    left: int


@dataclass(frozen=True)
class BatchState:
    """What a batch has beside what every job has. `lines`: None until its file was validated. Times are Unix milliseconds."""

    lines: int | None
    completed: int
    failed: int
    characters: int
    ending: str
    ending_ms: int | None
    begun_ms: int | None
    finishing_ms: int | None
    files: BatchFiles
    rejected: tuple[LineError, ...]


def accepted(unit: Unit, plan_key: str, *, lines: int, characters: int, characters_a_day: int,
             voices: Iterable[str] = ()) -> Call[Acceptance]:
    """The file is right; its lines lie under `plan_key`. `voices`: ids of the tenant's own that speak in it."""
    return Call(SCRIPTS["batch_accepted"],
                (unit.ref, unit.token, plan_key, lines, characters, characters_a_day, ",".join(voices)),
                lambda reply: Acceptance(reply[0], read_bells(reply[1]), reply[2], reply[3]))


def rejected(unit: Unit, error: JobError, lines: Sequence[LineError]) -> Call[Verdict]:
    """The file cannot be used: the batch has failed."""
    return Call(SCRIPTS["batch_rejected"],
                (unit.ref, unit.token, error.model_dump_json(), _ERRORS.dump_json(tuple(lines))), _verdict)


def feeding(unit: Unit) -> Call[Feeding | None]:
    """None when the lease is lost; so of the next one."""
    return Call(SCRIPTS["batch_feeding"], (unit.ref, unit.token), lambda reply: None if reply is None else Feeding(*reply))


def ended(unit: Unit, after: int) -> Call[list[EndedLine] | None]:
    """The next lines, FOLDED_AT_ONCE at most and with numbers above `after`, that have ended and are not folded yet."""
    return Call(SCRIPTS["batch_ended"], (unit.ref, unit.token, after, FOLDED_AT_ONCE),
                lambda reply: None if reply is None else [_ended(*fields) for fields in reply])


def folded(unit: Unit, chunk: str, numbers: Sequence[int]) -> Call[bool]:
    """These of them are written down in the object that `chunk` names. False when the lease is lost."""
    return Call(SCRIPTS["batch_folded"], (unit.ref, unit.token, chunk, *numbers), bool)


def chunks(unit: Unit) -> Call[list[str] | None]:
    """All that `folded` was told; a line may be in two of them, and is the same in both."""
    return Call(SCRIPTS["batch_chunks"], (unit.ref, unit.token), lambda reply: None if reply is None else list(reply))


def opened(unit: Unit, first: int, lines: Sequence[NewLine]) -> Call[tuple[str, Bells]]:
    """These lines, of which `first` is the number of the first, may be spoken. opened | ending | lost"""
    told: list[Argument] = []
    for line in lines:
        told += line.phase.value, line.model, line.spec, line.text, line.text_key, line.characters
    return Call(SCRIPTS["batch_opened"], (unit.ref, unit.token, first, *told), lambda reply: (reply[0], read_bells(reply[1])))


def stopped(unit: Unit) -> Call[tuple[str, Bells]]:
    """Stop a few of the open lines of a batch that is ending. more (call it again) | all | lost"""
    return Call(SCRIPTS["batch_stopped"], (unit.ref, unit.token),
                lambda reply: (("lost", "all", "more")[reply[0]], read_bells(reply[1])))


def fed(unit: Unit, window: int) -> Call[Verdict]:
    """Enough lines are open. When fewer than half of `window` are, the batch is fed again."""
    return Call(SCRIPTS["batch_fed"], (unit.ref, unit.token, window), _verdict)


def bound(unit: Unit, files: BatchFiles, records: Sequence[StoredFile], lost: int = 0) -> Call[Verdict]:
    """Its files lie in storage: the batch has ended, and its client may have them. They are kept as long as its results. `lost`:
    lines that were spoken and whose sound is no longer there; they have failed after all."""
    told = [part for file in records for part in (file.id, file.name, file.bytes, file.key)]
    return Call(SCRIPTS["batch_bound"], (unit.ref, unit.token, files.model_dump_json(), lost, *told), _verdict)


def state(batch_id: str, tenant: str) -> Call[BatchState | None]:
    """None where there is no such batch."""
    return Call(SCRIPTS["batch_state"], (batch_id, tenant), lambda reply: None if reply is None else _state(*reply))


def _ended(number: int, status: str, output: str, error: str) -> EndedLine:
    return EndedLine(number, Status(status), Output.model_validate_json(output) if output else None,
                     JobError.model_validate_json(error) if error else None)


def _state(_tenant: str, lines: str | None, completed: str | None, failed: str | None, characters: str | None, ending: str | None,
           ending_at: str | None, begun_at: str | None, finishing_at: str | None, files: str | None,
           rejected: str | None) -> BatchState:
    return BatchState(
        int(lines) if lines else None, int(completed or 0), int(failed or 0), int(characters or 0), ending or "",
        _ms(ending_at), _ms(begun_at), _ms(finishing_at), BatchFiles.model_validate_json(files) if files else BatchFiles(),
        _ERRORS.validate_json(rejected) if rejected else ())


def _ms(value: str | None) -> int | None:
    return int(value) if value else None


def _verdict(reply: Sequence[Any]) -> Verdict:
    return Verdict(reply[0] == 1, read_bells(reply[1]))
