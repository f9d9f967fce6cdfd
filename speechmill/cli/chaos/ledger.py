"""What the clients saw, and nothing that only the system says of itself: the record that the audit holds against it."""

from collections import Counter
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

ENDS = ("completed", "failed", "cancelled", "expired")


class Story(StrEnum):
    """What a client does."""

    SHORT = "short"
    LONG = "long"
    SYNC = "sync"
    TWINS = "twins"                   # the same key twice at once
    CANCEL = "cancel"
    DEADLINE = "deadline"
    DELETE = "delete"
    HANG_UP = "hang_up"               # before the answer to its POST; then again with the same key
    SYNC_HANG_UP = "sync_hang_up"     # and never comes back
    POISON = "poison"


@dataclass(slots=True)
class Entry:
    """One request as its client knows it. `job_id`: empty until an answer named it. `status`: the end that was told first."""

    story: Story
    key: str = ""
    wants_event: bool = False
    job_id: str = ""
    accepted: bool = False            # by a 202, or by its audio: a promise
    accepted_s: float = 0.0           # on the harness's own clock
    status: str = ""
    error_code: str = ""
    sha256: str = ""                  # as told, or of the audio that came
    ended_s: float = 0.0
    cancel_asked: bool = False
    deletion_asked: bool = False
    deleted: bool = False             # 200, or 404 after having asked


class Ledger:
    """`contradictions`: what two answers said that cannot both be true. `surprises`: answers that no fault excuses.
    `slowest_503_s`: how long it took at most to be told that a job cannot be accepted now."""

    def __init__(self) -> None:
        self.entries: list[Entry] = []
        self.contradictions: list[str] = []
        self.surprises: list[str] = []
        self.answers: Counter[str] = Counter()
        self.slowest_503_s = 0.0

    def open(self, story: Story, key: str = "", *, wants_event: bool = False) -> Entry:
        entry = Entry(story, key, wants_event)
        self.entries.append(entry)
        return entry

    def accepted(self, entry: Entry, job_id: str, now_s: float) -> None:
        if entry.job_id and entry.job_id != job_id:
            self.contradictions.append(f"one key, two jobs: {entry.job_id} and {job_id} ({entry.story})")
            return
        if not entry.accepted:
            entry.job_id, entry.accepted, entry.accepted_s = job_id, True, now_s

    def told(self, entry: Entry, job: dict[str, Any], now_s: float) -> None:
        """A job object was answered."""
        status = job["status"]
        if status not in ENDS:
            if entry.status:
                self.contradictions.append(f"{entry.job_id} was {entry.status}, then {status}")
            return
        self.ended(entry, status, (job["output"] or {}).get("sha256", ""), now_s)
        entry.error_code = (job["error"] or {}).get("code", "")

    def ended(self, entry: Entry, status: str, sha256: str, now_s: float) -> None:
        if not entry.status:
            entry.status, entry.sha256, entry.ended_s = status, sha256, now_s
        elif (entry.status, entry.sha256) != (status, sha256):
            self.contradictions.append(f"{entry.job_id} was {entry.status} {entry.sha256[:8]}, then {status} {sha256[:8]}")

    def heard(self, entry: Entry, sha256: str) -> None:
        """Its audio was downloaded whole."""
        if entry.sha256 != sha256:
            self.contradictions.append(f"{entry.job_id}: its audio has SHA-256 {sha256[:8]}, not {entry.sha256[:8]} as told")
