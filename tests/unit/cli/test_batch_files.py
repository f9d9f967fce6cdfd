"""`speechmill batch`: what of a batch comes to lie in the folder, also where not all of its sound is in a zip."""

import hashlib
import io
import json
import zipfile
from pathlib import Path
from typing import Any

from typer.testing import CliRunner

from speechmill.cli.exits import Exit
from speechmill.cli.main import app
from tests.unit.cli.http_server import Answer, Asked, running_server

SOUND = b"the sound of line two"
ZIPPED, APART = {"custom_id": "a", "line": 1, "file": "a.mp3"}, {"custom_id": "b", "line": 2, "file": None}


def row(facts: dict[str, Any]) -> bytes:
    told = {**facts, "sha256": hashlib.sha256(SOUND).hexdigest(), "content_type": "audio/ogg; codecs=opus"}
    return json.dumps(told).encode() + b"\n"


def downloaded(folder: Path, manifest: bytes, archive: bytes | None, *options: str) -> str:
    """What `speechmill batch download` says."""
    batch = {"id": "batch_1", "status": "completed", "request_counts": {"total": 2, "completed": 2, "failed": 0}, "errors": None,
             "output_file_id": "file-o", "error_file_id": None, "manifest_file_id": "file-m",
             "archive_file_id": "file-z" if archive is not None else None}
    told: dict[str, Answer] = {
        "/v1/batches/batch_1": Answer(body=batch), "/v1/files/file-o/content": Answer(body=b"{}\n"),
        "/v1/files/file-m/content": Answer(body=manifest), "/v1/files/file-z/content": Answer(body=archive or b""),
        "/v1/batches/batch_1/lines/2/content": Answer(body=SOUND)}

    def answer(asked: Asked) -> Answer:
        return told.get(asked.path, Answer(404))

    with running_server(answer) as server:
        done = CliRunner().invoke(app, ["batch", "download", "batch_1", "-o", str(folder), "--url", server.url, *options])
    assert done.exit_code == 0, done.output
    return done.output


def test_of_a_batch_in_which_nothing_was_spoken_a_new_folder_gets_the_error_file(tmp_path: Path) -> None:
    batch = {"id": "batch_1", "status": "cancelled", "request_counts": {"total": 1, "completed": 0, "failed": 0}, "errors": None,
             "output_file_id": None, "error_file_id": "file-e", "manifest_file_id": None, "archive_file_id": None}
    told = {"/v1/batches/batch_1": Answer(body=batch), "/v1/files/file-e/content": Answer(body=b"{}\n")}
    with running_server(lambda asked: told.get(asked.path, Answer(404))) as server:
        done = CliRunner().invoke(app, ["batch", "download", "batch_1", "-o", str(tmp_path / "new"), "--url", server.url])
    assert files_in(tmp_path) == {"new/error.jsonl": b"{}\n"}
    assert "has ended as cancelled" in done.output
    assert done.exit_code == Exit.CANCELLED


def zip_of(members: dict[str, bytes]) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return file.getvalue()


def files_in(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_without_a_zip_every_line_is_downloaded_under_its_number(tmp_path: Path) -> None:
    said = downloaded(tmp_path, row(APART), None, "--zip")
    assert files_in(tmp_path) == {"output.jsonl": b"{}\n", "manifest.jsonl": row(APART), "lines/2.opus": SOUND}
    assert "the sound of 1 lines that are in no zip" in said


def test_a_line_that_the_zip_had_no_place_for_lies_beside_the_others(tmp_path: Path) -> None:
    manifest = row(ZIPPED) + row(APART)
    downloaded(tmp_path, manifest, zip_of({"a.mp3": b"one", "manifest.jsonl": manifest}))
    assert files_in(tmp_path) == {"output.jsonl": b"{}\n", "manifest.jsonl": manifest, "a.mp3": b"one", "lines/2.opus": SOUND}
