"""The finish step of a batch: the files that its client gets, in the order of the lines it sent."""

import json
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

from speechmill.batch import BatchFiles
from speechmill.batch_line import NO_SOUND, AcceptedLine, LineSound
from speechmill.batch_view import line_content_path
from speechmill.blobs.seam import result_key
from speechmill.errors import BlobMissing
from speechmill.file import StoredFile
from speechmill.ids import new_id
from speechmill.job import JobError, Output, Unit
from speechmill.store import batches
from worker.batch.ahead import Sounds, SpokenLine
from worker.batch.archive import MOST_MEMBER_BYTES, Archive
from worker.batch.feed import held
from worker.batch.fold import chunk_key, fold
from worker.batch.results import fetch_all, read_results
from worker.leases import Lease
from worker.scratch import making
from worker.station import Station

_UNFINISHED = {
    "cancelled": JobError(code="batch_cancelled", message="The batch was cancelled before this line was spoken."),
    "expired": JobError(code="batch_expired", message="The batch's completion_window was over before this line was spoken."),
}
_LOST = JobError(code="result_lost", message="The line was spoken, and its sound is no longer in storage; send it again.")
CONTENT_TYPES = {"jsonl": "application/jsonl", "zip": "application/zip", "table": "application/octet-stream"}


def finish(station: Station, lease: Lease) -> None:
    """Raises BlobMissing, BlobsUnavailable, Stopped."""
    unit = lease.unit
    fold(station, lease)
    state = held(station.commit(lease, batches.feeding(unit)))
    chunks = held(station.commit(lease, batches.chunks(unit)))
    with making(station.scratch) as place:
        folder = Path(place)
        fetch_all(station.blobs, [state.plan_key], folder / "lines")
        fetch_all(station.blobs, (chunk_key(unit, chunk) for chunk in chunks), folder / "results")
        with (folder / "lines").open("rb") as lines, (folder / "results").open("rb") as file:
            results = read_results(file, state.lines)
            told = ((number, line, results.of(number)) for number, line in enumerate(map(AcceptedLine.read, lines), 1))
            archived = results.sound_bytes <= station.settings.limits.archive_bytes
            sounds = Sounds(station.blobs, folder, wanted_bytes=MOST_MEMBER_BYTES if archived else -1)
            with _opened(folder, archived=archived) as sheets, closing(sounds.of(told)) as spoken:
                lost = _write(lease, sheets, spoken, state.ending)
        files, records = _upload(station, lease, folder)
    station.ring(station.commit(lease, batches.bound(unit, files, records, lost)).bells)


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


def _write(lease: Lease, sheets: _Sheets, lines: Iterable[SpokenLine], ending: str) -> int:
    """How many lines had sound that is no longer there."""
    unit, lost = lease.unit, 0
    for spoken in lines:
        lease.check()
        error = spoken.result.error if spoken.result else None
        if spoken.result and spoken.result.output:
            try:
                _add_sound(unit, sheets, spoken, spoken.result.output)
                continue
            except BlobMissing:
                lost, error = lost + 1, _LOST
        _add(sheets.error, _failed(unit, spoken.number, spoken.line, error or _UNFINISHED[ending or "cancelled"]))
        sheets.table.write(NO_SOUND.packed())
    if sheets.archive:
        sheets.manifest.seek(0)
        sheets.archive.add("manifest.jsonl", sheets.manifest)
    return lost


def _add_sound(unit: Unit, sheets: _Sheets, spoken: SpokenLine, output: Output) -> None:
    line, sound, name = spoken.line, LineSound.of(output.key), None
    with spoken.sound() as path:
        if sheets.archive and path:
            name = f"{line.name}.{sound.format}"
            with path.open("rb") as content:
                sheets.archive.add(name, content)
    facts = {"bytes": output.bytes, "sha256": output.sha256, "content_type": output.content_type,
             "duration_seconds": output.duration_seconds, "sample_rate": output.sample_rate}
    _add(sheets.output, _spoken(unit, spoken.number, line, facts))
    _add(sheets.manifest, {"custom_id": line.custom_id, "line": spoken.number, "file": name, **facts})
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
