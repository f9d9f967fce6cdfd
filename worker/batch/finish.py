"""The finish step of a batch: the files that its client gets, in the order of the lines it sent."""

import json
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

from speechmill.batch import BatchFiles
from speechmill.batch_line import NO_SOUND, AcceptedLine, LineSound
from speechmill.batch_view import line_content_path
from speechmill.blobs.seam import result_key
from speechmill.file import StoredFile
from speechmill.ids import new_id
from speechmill.job import JobError, Output, Unit
from speechmill.store import batches
from worker.batch.archive import MOST_MEMBER_BYTES, Archive
from worker.batch.feed import held
from worker.batch.fold import chunk_key, fold
from worker.batch.places import read_all
from worker.batch.results import Results, fetch_results, read_results
from worker.leases import Lease
from worker.scratch import making
from worker.station import Station

_UNFINISHED = {
    "cancelled": JobError(code="batch_cancelled", message="The batch was cancelled before this line was spoken."),
    "expired": JobError(code="batch_expired", message="The batch's completion_window was over before this line was spoken."),
}
CONTENT_TYPES = {"jsonl": "application/jsonl", "zip": "application/zip", "table": "application/octet-stream"}


def finish(station: Station, lease: Lease) -> None:
    """Raises BlobMissing, BlobsUnavailable, Stopped."""
    unit = lease.unit
    fold(station, lease)
    state = held(station.commit(lease, batches.feeding(unit)))
    chunks = held(station.commit(lease, batches.chunks(unit)))
    with making(station.scratch) as place:
        folder = Path(place)
        fetch_results(station.blobs, (chunk_key(unit, chunk) for chunk in chunks), folder / "results")
        with (folder / "results").open("rb") as file:
            results = read_results(file, state.lines)
            with _opened(folder, archived=results.sound_bytes <= station.settings.limits.archive_bytes) as sheets:
                _write(station, lease, sheets, state.plan_key, results, state.ending)
        files, records = _upload(station, lease, folder)
    station.ring(station.commit(lease, batches.bound(unit, files, records)).bells)


@dataclass(frozen=True)
class _Sheets:
    """The files in the making. `table`: see LineSound; `archive`: None where there is too much sound for one."""

    output: BinaryIO
    error: BinaryIO
    manifest: BinaryIO
    table: BinaryIO
    archive: Archive | None


@contextmanager
def _opened(folder: Path, *, archived: bool) -> Iterator[_Sheets]:
    with ExitStack() as held_open:
        def new(name: str) -> BinaryIO:
            return held_open.enter_context((folder / name).open("w+b"))

        archive = Archive(new("archive.zip"), new("directory")) if archived else None
        yield _Sheets(new("output.jsonl"), new("error.jsonl"), new("manifest.jsonl"), new("lines.table"), archive)
        if archive:
            archive.close()


def _write(station: Station, lease: Lease, sheets: _Sheets, plan_key: str, results: Results, ending: str) -> None:
    unit = lease.unit
    for number, line in enumerate(read_all(station.blobs, plan_key), 1):
        lease.check()
        result = results.of(number)
        if result and result.output:
            _add_sound(station, unit, sheets, number, line, result.output)
            continue
        error = result.error if result else None
        _add(sheets.error, _failed(unit, number, line, error or _UNFINISHED[ending or "cancelled"]))
        sheets.table.write(NO_SOUND.packed())
    if sheets.archive:
        sheets.manifest.seek(0)
        sheets.archive.add("manifest.jsonl", sheets.manifest)


def _add_sound(station: Station, unit: Unit, sheets: _Sheets, number: int, line: AcceptedLine, output: Output) -> None:
    sound = LineSound.of(output.key)
    name = None
    if sheets.archive and output.bytes <= MOST_MEMBER_BYTES:
        name = f"{line.name}.{sound.format}"
        with station.blobs.open(output.key) as stream:
            sheets.archive.add(name, stream)
    facts = {"bytes": output.bytes, "sha256": output.sha256, "content_type": output.content_type,
             "duration_seconds": output.duration_seconds, "sample_rate": output.sample_rate}
    _add(sheets.output, _spoken(unit, number, line, facts))
    _add(sheets.manifest, {"custom_id": line.custom_id, "line": number, "file": name, **facts})
    sheets.table.write(sound.packed())


def _spoken(unit: Unit, number: int, line: AcceptedLine, facts: dict[str, Any]) -> dict[str, Any]:
    """OpenAI's shape. The sound itself has no place in JSON: `content_url` leads to it."""
    body = {"object": "audio.speech", "model": line.spec["model"], "content_url": line_content_path(unit.job_id, number), **facts}
    return {"id": f"{unit.job_id}.{number}", "custom_id": line.custom_id,
            "response": {"status_code": 200, "request_id": unit.request_id, "body": body}, "error": None}


def _failed(unit: Unit, number: int, line: AcceptedLine, error: JobError) -> dict[str, Any]:
    return {"id": f"{unit.job_id}.{number}", "custom_id": line.custom_id, "response": None,
            "error": {"code": error.code, "message": error.message, "param": error.param}}


def _add(file: BinaryIO, told: dict[str, Any]) -> None:
    file.write(json.dumps(told, ensure_ascii=False, separators=(",", ":")).encode() + b"\n")


def _upload(station: Station, lease: Lease, folder: Path) -> tuple[BatchFiles, list[StoredFile]]:
    unit = lease.unit
    told: dict[str, str] = {}
    records = []
    anything_spoken = (folder / "output.jsonl").stat().st_size > 0
    for name in ("output.jsonl", "error.jsonl", "manifest.jsonl", "archive.zip"):
        path, what = folder / name, name.partition(".")[0]
        if what == "archive" and not (path.exists() and anything_spoken):
            continue
        if path.stat().st_size == 0:
            continue
        key = _keep(station, lease, path)
        file_id = new_id("file").replace("_", "-")
        told[what] = file_id
        records.append(StoredFile(file_id, unit.tenant, f"{unit.job_id}_{name}", "batch_output", path.stat().st_size, key, 0, 0))
    return BatchFiles(**told, table_key=_keep(station, lease, folder / "lines.table")), records


def _keep(station: Station, lease: Lease, path: Path) -> str:
    key = result_key(lease.unit.tenant, lease.unit.job_id, lease.unit.token, path.name)
    station.upload(lease, key, path, CONTENT_TYPES[path.suffix.removeprefix(".")])
    return key
