"""Verbs of the reaper, and of those who use what it might delete. As in verbs.py, each may be run again after a lost reply."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from speechmill.store.scripts import SCRIPTS
from speechmill.store.verbs import Call

SPARED_MS = 3_600_000
"""Longer than any list of the reaper's is good for."""

Outcome = Literal["on", "round", "broken"]


@dataclass(frozen=True)
class Turn:
    """The right to reap for a while. `cursor`: the key behind which the walk through storage goes on, when it is due."""

    number: int
    cursor: str
    walk_due: bool


@dataclass(frozen=True)
class Wait:
    """Somebody else reaps, or it is too early."""

    ms: int


@dataclass(frozen=True)
class Unused:
    """A shared object that nobody seems to have used for long."""

    tenant: str
    kind: str        # segments | references | sources
    age_ms: int
    key: str


@dataclass(frozen=True)
class Deleted:
    """How much of a kind was deleted."""

    objects: int
    bytes: int


def turn(lease_ms: int) -> Call[Turn | Wait]:
    """Ask for a turn; while it lasts, and `lease_ms` at most, nobody else gets one."""
    return Call(SCRIPTS["turn"], (lease_ms,), _turn)


def turned(turn: Turn, outcome: Outcome, cursor: str, *, pause_ms: int, round_ms: int,
           deleted: Mapping[str, Deleted]) -> Call[bool]:
    """The turn is over: on (the walk has come to `cursor`), round (it has come to its end; the next one begins `round_ms` after
    this one began) or broken. The next turn is in `pause_ms`. False when it was over before."""
    counts = tuple(part for kind, n in deleted.items() for part in (kind, n.objects, n.bytes))
    return Call(SCRIPTS["turned"], (turn.number, outcome, cursor, pause_ms, round_ms, *counts), bool)


def unnamed(objects: Iterable[tuple[str, str]]) -> Call[list[str]]:
    """Of (job, key): the keys that no record names."""
    return Call(SCRIPTS["unnamed"], tuple(part for pair in objects for part in pair), list)


def condemn(objects: Iterable[Unused], *, slack_ms: int, life_ms: int) -> Call[list[str]]:
    """Keys of those that no job can be using. Until the turn is over, and `life_ms` at most, nobody can spare them.
    `slack_ms`: how much older than its last use an object may be."""
    parts = tuple(part for each in objects for part in (each.tenant, each.kind, each.age_ms, each.key))
    return Call(SCRIPTS["condemn"], (slack_ms, life_ms, *parts), list)


def spare(key: str) -> Call[bool]:
    """The object is not deleted within the next hour, so there is time to write it again. False: it is being deleted."""
    return Call(SCRIPTS["spare"], (key, SPARED_MS), bool)


def _turn(reply: list[Any]) -> Turn | Wait:
    return Turn(reply[0], reply[1], reply[2] == 1) if reply[0] else Wait(reply[1])
