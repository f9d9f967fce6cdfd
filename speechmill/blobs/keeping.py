"""How long an object is kept that belongs to no job: a segment, a voice to clone, a book's file.

Its date in the store is the only record of its use. Nothing is written down elsewhere: in a sorted set of Redis, ten million
segments would take 1.8 GB for dates that the store has anyway, and the two could disagree. So that not every use writes, whoever
uses an object writes it again only when its date is older than a quarter of the time.

    age  0 ──────── refresh_s ──────────── kept_s ──── gone_s
         used as it is │ written again at use │ the same, after asking (store/lua/spare.lua) │ deleted
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Keeping:
    """`kept_s`: at least for so long since its last use, and at most a quarter longer."""

    kept_s: float

    @property
    def refresh_s(self) -> float:
        """Who uses an object of this age writes it again."""
        return self.kept_s / 4

    @property
    def gone_s(self) -> float:
        """At this age it has not been used for `kept_s`: its last use would have found it younger than `refresh_s`."""
        return self.kept_s + self.refresh_s
