"""A book through the whole system: planned, made, and made again with one word changed."""

import re
import time
from dataclasses import dataclass, field
from typing import Any

import httpx

from speechmill.cli.bench.book.manuscript import Manuscript
from speechmill.cli.bench.serve.processor import cpu_seconds, peak_mib
from speechmill.cli.exits import Exit, Failure

BOOKS = "/v1/audio/books"
_LOOK_S = 0.25
_ENDS = ("completed", "failed", "cancelled", "expired")


@dataclass(frozen=True)
class Made:
    """A book that was made. Seconds from the POST: until all was spoken, and until its file could be downloaded. `cpu_s` by part;
    `peak_mib`: the most that any process of a part ever had in RAM."""

    id: str
    spoken_s: float
    done_s: float
    audio_s: float
    n_segments: int
    n_spoken: int
    n_flagged: int
    cpu_s: dict[str, float] = field(default_factory=dict)
    peak_mib: dict[str, float] = field(default_factory=dict)

    @property
    def times_realtime(self) -> float:
        return self.audio_s / self.done_s


def change_a_word(manuscript: Manuscript) -> str:
    """The first chapter, with another word in its middle. Raises Failure where it has none."""
    title, text = manuscript.chapters[0]
    changed = re.sub(r"\b(\w+)\.\n\n", r"otherwise.\n\n", text, count=1)
    if changed == text:
        raise Failure("the first chapter would have one paragraph, with no word in its middle to change: take more --words or "
                      "fewer --chapters.", Exit.USAGE)
    return f"{title}\n\n\n{changed}"


@dataclass(frozen=True)
class Subject:
    """The producer under test, the process group of its stack, and what is asked of it."""

    http: httpx.Client
    group: int
    formats: tuple[str, ...]
    limit_s: float

    def plan(self, manuscript: Manuscript) -> float:
        """Seconds until chapters, segments and times are known, and nothing is spoken."""
        begun = time.monotonic()
        self._ended(self._post("", {"input": manuscript.markdown, "dry_run": True}), begun)
        return time.monotonic() - begun

    def make(self, manuscript: Manuscript) -> Made:
        return self._made("", {"input": manuscript.markdown, "formats": list(self.formats)})

    def make_again(self, book: Made, first_chapter: str) -> Made:
        return self._made(f"/{book.id}/rerender", {"edits": {"1": first_chapter}})

    def _made(self, path: str, body: dict[str, Any]) -> Made:
        n_spoken, before = self._n_spoken(), cpu_seconds(self.group)
        begun = time.monotonic()
        book, spoken_s = self._ended(self._post(path, body), begun)
        done_s = time.monotonic() - begun
        after = cpu_seconds(self.group)
        chapters = [chapter for chapter in book["chapters"] if chapter["included"]]
        return Made(
            book["id"], spoken_s, done_s, sum(chapter["duration_seconds"] for chapter in chapters),
            sum(chapter["segments"]["total"] for chapter in chapters), round(self._n_spoken() - n_spoken),
            sum(chapter["segments"]["flagged"] for chapter in chapters),
            {part: round(after[part] - before.get(part, 0.0), 2) for part in after}, peak_mib(self.group))

    def _post(self, path: str, body: dict[str, Any]) -> str:
        answer = self.http.post(f"{BOOKS}{path}", json=body)
        if answer.status_code != 202:
            raise Failure(f"the producer answered {answer.status_code}: {answer.text[:500]}")
        return str(answer.json()["id"])

    def _ended(self, book_id: str, begun: float) -> tuple[dict[str, Any], float]:
        """The book, and after how many seconds all of it was spoken."""
        spoken_s = 0.0
        while time.monotonic() - begun < self.limit_s:
            book: dict[str, Any] = self.http.get(f"{BOOKS}/{book_id}").raise_for_status().json()
            if not spoken_s and book["chapters"] and all(_is_spoken(chapter) for chapter in book["chapters"]):
                spoken_s = time.monotonic() - begun
            if book["status"] in _ENDS:
                if book["status"] != "completed":
                    raise Failure(f"the book {book['status']}: {book['error']}")
                return book, spoken_s or time.monotonic() - begun
            time.sleep(_LOOK_S)
        raise Failure(f"the book was not done in {self.limit_s:g} s")

    def _n_spoken(self) -> float:
        told = self.http.get("/metrics").raise_for_status().text
        return sum(map(float, re.findall(r'^speech_segments_total\{[^}]*source="spoken"[^}]*\} (\S+)$', told, re.MULTILINE)))


def _is_spoken(chapter: dict[str, Any]) -> bool:
    segments = chapter["segments"]
    return not chapter["included"] or bool(segments["total"] and segments["completed"] == segments["total"])
