"""The manifest says which text is spoken when, by whom and in which file."""

import json
from pathlib import Path

from worker.book.content import Metadata
from worker.book.make.audio_file import AudioFile
from worker.book.make.manifest import write_manifest
from worker.book.make.spoken import SpokenChapter, SpokenSegment
from worker.book.make.tags import Edition


def test_a_manifest_can_be_read_without_anything_else(tmp_path: Path) -> None:
    text = "Chapter 1\n\n\nIt  was\nlate."
    segments = (SpokenSegment(0, 12, 0.0, 1.0000001), SpokenSegment(12, len(text), 3.0, 4.5, "anna", ("too_long",)))
    file = AudioFile("m4b", tmp_path / "book.m4b", 123, 6.25, (0.0,), ("a note",))
    edition = Edition(Metadata(title="Ein Büchlein", authors=("A", "B")), "Nora")
    write_manifest(edition, [SpokenChapter("Chapter 1", text, segments)], [file], tmp_path / "manifest.json")
    manifest = json.loads((tmp_path / "manifest.json").read_text(encoding="utf-8"))
    assert manifest["version"] == 1
    assert (manifest["book"]["title"], manifest["book"]["authors"]) == ("Ein Büchlein", ["A", "B"])
    assert manifest["book"]["narrator"] == "Nora"
    assert manifest["files"] == [{"name": "book.m4b", "format": "m4b", "bytes": 123, "duration_s": 6.25, "starts_s": [0.0],
                                  "notes": ["a note"]}]
    assert manifest["chapters"] == [{"number": 1, "title": "Chapter 1", "segments": [
        {"start": 0, "end": 12, "start_s": 0.0, "end_s": 1.0, "speaker": "", "flags": [], "text": "Chapter 1"},
        {"start": 12, "end": len(text), "start_s": 3.0, "end_s": 4.5, "speaker": "anna", "flags": ["too_long"],
         "text": "It was late."}]}]
    assert text[12:] == "It  was\nlate."
