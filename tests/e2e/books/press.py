"""Makes books as workers would, one verb of the job store after the other, so that a test says when what happens."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from speechmill.blobs.folder import FolderBlobs
from speechmill.blobs.seam import input_key, plan_key, result_key
from speechmill.book import BookSpec, ChapterSpec, Contents, ListedChapter
from speechmill.job import Output, OutputFile, Phase, Unit
from speechmill.store import books, verbs
from speechmill.store.books import NewChapter
from speechmill.store.verbs import Place
from tests.contract.store.conftest import Mill

SPEECH = "speech:tone:batch"
CPU = "cpu:batch"
CONTENT_TYPES = {"m4a": "audio/mp4", "m4b": "audio/mp4", "mp3": "audio/mpeg", "epub": "application/epub+zip", "vtt": "text/vtt",
                 "srt": "application/x-subrip", "manifest": "application/json", "report": "application/json"}

CHAPTERS = (
    ListedChapter(number=1, title="Copyright", matter="front", reason="a copyright page", words=9, characters=60),
    ListedChapter(number=2, title="Chapter One", matter="body", source="lines 3-9", track=1, words=200, characters=1000,
                  seconds=70.0),
    ListedChapter(number=3, title="Chapter Two", matter="body", source="lines 10-20", track=2, words=200, characters=1000,
                  seconds=70.0),
)
CONTENTS = Contents(title="A Book", authors=("Ann Author",), language="en", chapters=CHAPTERS, warnings=("one was odd",),
                    characters=2000, words=400, seconds=140.0)
LINES = (
    {"start": 0, "end": 500, "text": "It begins in nineteen ninety.", "boundary": "sentence"},
    {"start": 500, "end": 1000, "text": "Anna speaks.", "boundary": "paragraph", "speaker": "anna"},
)


@dataclass
class Press:
    mill: Mill
    blobs: FolderBlobs

    def read_book(self, contents: Contents = CONTENTS, *, window: int = 2) -> Unit:
        """The plan step of a book; its chapters are jobs then, unless it is a dry run."""
        unit = self._claim(Phase.PLAN, CPU)
        spec = BookSpec.model_validate(unit.spec)
        made = [] if spec.dry_run else [listed for listed in contents.chapters if listed.track]
        chapters = []
        for listed in made:
            key = input_key(unit.tenant, f"{unit.job_id}.{listed.track}")
            self.blobs.put(key, b"{}", "application/json")
            chapters.append(NewChapter(ChapterSpec(model=spec.model, voice=spec.voice, language="en", number=listed.number,
                                                   track=listed.track, tracks=len(made), title=listed.title), key,
                                       listed.characters))
        assert self.mill.store.run(books.divided(unit, contents, chapters, window=window)).committed
        return unit

    def plan_chapter(self, lines: Sequence[Mapping[str, Any]] = LINES) -> str:
        """Returns the chapter's job."""
        unit = self._claim(Phase.PLAN, CPU)
        key = plan_key(unit.tenant, unit.job_id, unit.token)
        encoded = [json.dumps(line).encode() + b"\n" for line in lines]
        self.blobs.put(key, b"".join(encoded), "application/x-ndjson")
        places = [Place(sum(map(len, encoded[:n])), len(line), 500) for n, line in enumerate(encoded)]
        assert self.mill.store.run(verbs.planned(unit, key, places)).committed
        return unit.job_id

    def speak(self, *, cached: bool = False) -> None:
        """One segment."""
        unit = self._claim(Phase.SPEAK, SPEECH)
        assert self.mill.spoken(unit, attempts=1, cached=cached, duration_seconds=2.0, spoken=0 if cached else 1).committed

    def speak_in_vain(self) -> None:
        """One segment, which is skipped."""
        assert self.mill.failed(self._claim(Phase.SPEAK, SPEECH)) == "failed"

    def join(self, files: Sequence[str] = ("m4a",), lines: Sequence[Mapping[str, Any]] = LINES) -> None:
        """The finish step of a chapter."""
        unit = self._claim(Phase.FINISH, CPU)
        manifest_key = result_key(unit.tenant, unit.job_id, unit.token, "segments.jsonl")
        timed = [{**line, "start_seconds": 3.0 * n, "end_seconds": 3.0 * n + 2, "flags": []} for n, line in enumerate(lines)]
        self.blobs.put(manifest_key, b"".join(json.dumps(line).encode() + b"\n" for line in timed), "application/x-ndjson")
        self._complete(unit, (*files, "part.m4a"), manifest_key)

    def bind(self, files: Sequence[str] = ("m4b", "vtt", "srt", "manifest", "report")) -> None:
        """The finish step of a book."""
        self._complete(self._claim(Phase.FINISH, CPU), files)

    def make_chapter(self, *, cached: bool = False) -> None:
        self.plan_chapter()
        for _ in LINES:
            self.speak(cached=cached)
        self.join()

    def make_book(self, *, cached: bool = False) -> None:
        """All of it."""
        self.read_book(window=1)
        for _ in range(2):
            self.make_chapter(cached=cached)
        self.bind()

    def fail(self) -> None:
        """The next step of a cpu worker."""
        assert self.mill.failed(self.mill.claim(CPU)) == "failed"

    def objects(self, book_id: str) -> list[str]:
        """Keys of what belongs to a book."""
        return [found.key for found in self.blobs.page("t/local/").objects if book_id in found.key]

    def _claim(self, phase: Phase, queue: str) -> Unit:
        unit = self.mill.claim(queue)
        assert unit.phase is phase, unit
        return unit

    def _complete(self, unit: Unit, names: Sequence[str], manifest_key: str = "") -> None:
        files = {name: self._file(unit, name) for name in names}
        first = files[names[0]]
        output = Output(**first.model_dump(), duration_seconds=70.5, sample_rate=24_000, manifest_key=manifest_key, files=files)
        assert self.mill.store.run(verbs.completed(unit, output, take=None, speak_ms=1)).committed

    def _file(self, unit: Unit, name: str) -> OutputFile:
        content = f"{unit.job_id} as {name}".encode()
        key = result_key(unit.tenant, unit.job_id, unit.token, name)
        self.blobs.put(key, content, "audio/mp4")
        return OutputFile(key=key, bytes=len(content), sha256=hashlib.sha256(content).hexdigest(),
                          content_type=CONTENT_TYPES.get(name, "audio/mp4"))
