"""What the settings say of how long things are kept, and how fast they may go."""

from dataclasses import dataclass

from speechmill.blobs.keeping import Keeping
from speechmill.blobs.seam import PAGE_OBJECTS
from speechmill.settings import RetentionSettings


@dataclass(frozen=True)
class Terms:
    """`lease_s`: a reaper that is silent for so long is taken for dead; in the second half of it, it deletes nothing more."""

    shared: dict[str, Keeping]   # by kind
    orphans_s: float
    round_s: float
    lists_a_minute: int
    deletes_a_minute: int
    lease_s: float = 60
    page_objects: int = PAGE_OBJECTS

    @classmethod
    def of(cls, settings: RetentionSettings) -> "Terms":
        return cls({"segments": Keeping(settings.segments_s), "references": Keeping(settings.references_s),
                    "sources": Keeping(settings.sources_s)},
                   orphans_s=settings.orphans_s, round_s=settings.round_s, lists_a_minute=settings.lists_a_minute,
                   deletes_a_minute=settings.deletes_a_minute)
