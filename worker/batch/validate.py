"""The plan step of a batch: every line of its file is checked before any of them is spoken."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from speechmill.batch import BatchSpec, LineError
from speechmill.batch_line import LinePlace
from speechmill.blobs.seam import plan_key
from speechmill.errors import BlobMissing, InvalidRequest
from speechmill.file import StoredFile
from speechmill.job import JobError
from speechmill.request import Limits
from speechmill.store import batches, files
from speechmill.store.voices import StoredVoices
from worker.batch.check_line import CheckedLine, LineCheck
from worker.batch.keep_reference import keep_reference
from worker.batch.places import places_key
from worker.batch.read_lines import RawLine, read_lines
from worker.leases import Lease
from worker.scratch import making
from worker.station import Station

MOST_ERRORS = 100
"""That a client is told of one file."""


@dataclass
class _Found:
    """What the lines that were checked so far amount to."""

    lines: int = 0
    characters: int = 0
    voices: set[str] = field(default_factory=set)
    references: set[str] = field(default_factory=set)
    errors: list[LineError] = field(default_factory=list)


def validate(station: Station, lease: Lease) -> None:
    """Raises BlobsUnavailable, StoreUnavailable, Stopped."""
    unit = lease.unit
    spec = BatchSpec.model_validate(unit.spec)
    file = station.store.run(files.look(spec.input_file_id, unit.tenant))
    if file is None:
        _reject(station, lease, [_gone(spec)])
        return
    with making(station.scratch) as folder:
        lines, places = Path(folder) / "lines", Path(folder) / "places"
        try:
            found = _check_all(station, lease, spec, file, lines, places)
        except BlobMissing:
            found = _Found(errors=[_gone(spec)])
        if found.errors:
            _reject(station, lease, found.errors)
            return
        key = plan_key(unit.tenant, unit.job_id, unit.token)
        station.upload(lease, places_key(key), places, "application/octet-stream")
        station.upload(lease, key, lines, "application/jsonl")
    _accept(station, lease, key, found)


def _check_all(station: Station, lease: Lease, spec: BatchSpec, file: StoredFile, lines: Path, places: Path) -> _Found:
    """Writes what is right to `lines`, and where it lies there to `places`."""
    limits = station.settings.limits
    check = LineCheck(station.store.catalogue(station.settings.producer.default_model),
                      StoredVoices(station.store, lease.unit.tenant), lease.unit.lexicons,
                      Limits(limits.job_characters), spec.klass)
    found = _Found()
    with station.blobs.open(file.key) as stream, lines.open("wb") as lines_file, places.open("wb") as places_file:
        for raw in _at_most(limits.batch_lines, read_lines(stream, limits.body_bytes), found):
            lease.check()
            with _noting_errors(found, raw):
                checked = check.check(raw)
                _keep_what_it_needs(station, lease, checked, found)
                content = checked.accepted.line()
                place = LinePlace(lines_file.tell(), len(content), len(checked.parsed.text))
                lines_file.write(content)
                places_file.write(place.packed())
                found.lines += 1
                found.characters += place.characters
            if len(found.errors) >= MOST_ERRORS:
                found.errors.append(LineError(code="too_many_errors", message=f"The first {MOST_ERRORS} errors are listed; lines "
                                                                              "behind them were not looked at."))
                break
    if not found.lines and not found.errors:
        found.errors.append(LineError(code="empty_file", message="The file has no lines; send one request a line.",
                                      param="input_file_id"))
    return found


def _at_most(most: int, lines: Iterator[RawLine], found: _Found) -> Iterator[RawLine]:
    for n, raw in enumerate(lines):
        if n == most:
            found.errors.append(LineError(code="too_many_lines", line=raw.number, message=(
                f"A batch may have {most:,} lines; send the others as another one.")))
            return
        yield raw



@contextmanager
def _noting_errors(found: _Found, raw: RawLine) -> Iterator[None]:
    try:
        yield
    except InvalidRequest as error:
        found.errors.append(LineError(code=error.public_code, message=error.message, param=error.param, line=raw.number))


def _keep_what_it_needs(station: Station, lease: Lease, checked: CheckedLine, found: _Found) -> None:
    """Its own voices are noted; a recording that came with it is stored, once for all lines that have the same."""
    spec = checked.parsed.spec
    found.voices |= set(spec.own_voices)
    if checked.parsed.reference_audio and spec.reference and not found.errors and spec.reference.sha256 not in found.references:
        keep_reference(station, lease, spec.reference.sha256, checked.parsed.reference_audio)
        found.references.add(spec.reference.sha256)


def _accept(station: Station, lease: Lease, key: str, found: _Found) -> None:
    accepted = station.commit(lease, batches.accepted(
        lease.unit, key, lines=found.lines, characters=found.characters, voices=sorted(found.voices),
        characters_a_day=station.settings.limits.characters_a_day))
    if accepted.outcome == "spent":
        _reject(station, lease, [LineError(code="quota_exceeded", param="input_file_id", message=(
            f"The lines have {found.characters:,} characters; {accepted.characters_a_day:,} may be accepted a day, and "
            f"{accepted.left:,} are left of today (UTC). Send fewer lines, or come again tomorrow."))])
        return
    station.ring(accepted.bells)


def _reject(station: Station, lease: Lease, errors: list[LineError]) -> None:
    first = errors[0]
    where = "" if first.line is None else f"Line {first.line}: "
    error = JobError(code=first.code, message=where + first.message, param=first.param, type="invalid_request_error")
    station.ring(station.commit(lease, batches.rejected(lease.unit, error, errors)).bells)


def _gone(spec: BatchSpec) -> LineError:
    return LineError(code="file_not_found", param="input_file_id", message=(
        f"The file {spec.input_file_id!r} was deleted, or is no longer kept; upload it again."))
