"""Which faults come when: drawn from a seed, so that the same seed breaks the same things at the same moments.

All kinds come once in each round, in an order of their own each time. Faults of different targets overlap; those of one target
never do. Nothing here knows what a fault does (faults.py).
"""

import random
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

LEASE_S = 3.0
"""Of the workers under fire: a freeze must outlast it."""
ROUND_S = 60.0
"""In a round each kind comes once."""
SPREAD_S = 52.0
"""They begin within that time."""
FIRST_S = 2.0
REST_S = 0.5
"""Between two faults of one target, at least."""


class Kind(StrEnum):
    KILL_SPEECH = "kill -9 of a speech worker"
    KILL_CPU = "kill -9 of a cpu worker"
    KILL_PRODUCER = "kill -9 of the producer"
    KILL_REDIS = "kill -9 of Redis"
    KILL_S3 = "kill -9 of the S3 server"
    FREEZE_SPEECH = "a speech worker frozen beyond its leases"
    FREEZE_CPU = "a cpu worker frozen beyond its leases"
    RESTART_REDIS = "Redis restarted"
    DELETE_QUEUES = "Celery's queues deleted"
    FULL_REDIS = "Redis full"
    READ_ONLY_REDIS = "Redis without the replicas it wants"
    REPLICA_REDIS = "Redis made a replica"
    S3_REFUSES = "S3 refuses connections"
    S3_HANGS = "S3 hangs"
    S3_ERRORS = "S3 answers 500"
    S3_CUTS_REQUESTS = "S3 answers 500 in the middle of uploads"
    S3_CUTS_ANSWERS = "S3 cuts its answers off"
    RECEIVER_ERRORS = "the webhook receiver answers 500"
    RECEIVER_HANGS = "the webhook receiver hangs"
    RECEIVER_CLOSES = "the webhook receiver hangs up"
    POISON = "a poison job"


@dataclass(frozen=True)
class Sort:
    """What may be hit by a kind of fault, and for how long, seconds."""

    targets: tuple[str, ...]
    shortest_s: float
    longest_s: float


@dataclass(frozen=True)
class Planned:
    """One fault: it begins `at_s` seconds after the load does."""

    at_s: float
    kind: Kind
    target: str
    lasts_s: float

    @property
    def ends_s(self) -> float:
        return self.at_s + self.lasts_s

    def __str__(self) -> str:
        return f"{self.at_s:7.1f} s  {self.target:<9} {self.kind}, {self.lasts_s:.1f} s"


SPEECH_WORKERS = ("speech-1", "speech-2")
CPU_WORKERS = ("cpu-1", "cpu-2")
PRODUCER, REDIS, S3, RECEIVER, CLIENTS = "producer", "redis", "s3", "receiver", "clients"

SORTS: dict[Kind, Sort] = {
    Kind.KILL_SPEECH: Sort(SPEECH_WORKERS, 0.1, 2.0),
    Kind.KILL_CPU: Sort(CPU_WORKERS, 0.1, 2.0),
    Kind.KILL_PRODUCER: Sort((PRODUCER,), 0.1, 2.0),
    Kind.KILL_REDIS: Sort((REDIS,), 0.1, 4.0),
    Kind.KILL_S3: Sort((S3,), 0.1, 4.0),
    Kind.FREEZE_SPEECH: Sort(SPEECH_WORKERS, LEASE_S + 1.0, LEASE_S + 4.0),
    Kind.FREEZE_CPU: Sort(CPU_WORKERS, LEASE_S + 1.0, LEASE_S + 4.0),
    Kind.RESTART_REDIS: Sort((REDIS,), 0.1, 1.0),
    Kind.DELETE_QUEUES: Sort((REDIS,), 0.1, 0.5),
    Kind.FULL_REDIS: Sort((REDIS,), 0.5, 4.0),
    Kind.READ_ONLY_REDIS: Sort((REDIS,), 0.5, 4.0),
    Kind.REPLICA_REDIS: Sort((REDIS,), 0.5, 3.0),
    Kind.S3_REFUSES: Sort((S3,), 0.5, 4.0),
    Kind.S3_HANGS: Sort((S3,), 0.5, 4.0),
    Kind.S3_ERRORS: Sort((S3,), 0.5, 3.0),
    Kind.S3_CUTS_REQUESTS: Sort((S3,), 1.0, 4.0),
    Kind.S3_CUTS_ANSWERS: Sort((S3,), 1.0, 4.0),
    Kind.RECEIVER_ERRORS: Sort((RECEIVER,), 1.0, 5.0),
    Kind.RECEIVER_HANGS: Sort((RECEIVER,), 1.0, 5.0),
    Kind.RECEIVER_CLOSES: Sort((RECEIVER,), 1.0, 5.0),
    Kind.POISON: Sort((CLIENTS,), 0.1, 0.1),
}


def schedule(seed: int, seconds: float) -> tuple[Planned, ...]:
    """All faults of a run, by when they begin; all have ended when `seconds` are over. Where a round does not fit whole, its
    first ones come."""
    draw = random.Random(seed)  # noqa: S311  no secret
    planned: list[Planned] = []
    free_s: dict[str, float] = {}
    begins_s = FIRST_S
    while begins_s < seconds:
        for fault in _round(draw, begins_s):
            fault = _after(fault, free_s.get(fault.target, 0.0))
            if fault.ends_s <= seconds:
                planned.append(fault)
                free_s[fault.target] = fault.ends_s + REST_S
        begins_s += ROUND_S
    return tuple(sorted(planned, key=lambda fault: fault.at_s))


def count(planned: Sequence[Planned]) -> dict[str, int]:
    """How many of each kind, all kinds."""
    return {kind.name.lower(): sum(fault.kind is kind for fault in planned) for kind in Kind}


def _round(draw: random.Random, begins_s: float) -> list[Planned]:
    """Every kind once, evenly spread but for some jitter."""
    gap_s = SPREAD_S / len(Kind)
    kinds: list[Kind] = draw.sample([kind for kind in Kind if kind is not Kind.POISON], len(Kind) - 1)
    # It takes three crashes to be found out, and should be within the run.
    kinds.insert(draw.randrange(len(kinds) // 2), Kind.POISON)
    faults = []
    for n, kind in enumerate(kinds):
        sort = SORTS[kind]
        at_s = begins_s + (n + draw.random()) * gap_s
        faults.append(Planned(round(at_s, 2), kind, draw.choice(sort.targets),
                              round(draw.uniform(sort.shortest_s, sort.longest_s), 2)))
    return faults


def _after(fault: Planned, free_s: float) -> Planned:
    return Planned(round(max(fault.at_s, free_s), 2), fault.kind, fault.target, fault.lasts_s)
