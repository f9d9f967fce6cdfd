"""Sound on its way to those who listen while it is made: a capped Redis stream for each attempt of a streamed job. As in
verbs.py, each verb may be run again after a lost reply."""

from dataclasses import dataclass

from speechmill.job import Unit
from speechmill.store.scripts import SCRIPTS
from speechmill.store.verbs import Call
from speechmill.tasks import KEY_PREFIX

STREAMED_CHANNEL = KEY_PREFIX + "streamed"
"""Says "<job> <token>" whenever an attempt has appended something."""


@dataclass(frozen=True)
class Piece:
    """Encoded sound, the `number`th entry of its attempt's stream, from 1. `keep`: how many of the newest entries stay."""

    number: int
    sound: bytes
    keep: int


@dataclass(frozen=True)
class Attempt:
    """Whose sound is heard: the attempt of this fencing token, 0 for none yet. `alive`: it still holds its lease."""

    token: int
    alive: bool


def append(unit: Unit, piece: Piece, ttl_ms: int) -> Call[bool]:
    """False where the lease is another's now: nobody hears an attempt that is lost. The stream goes `ttl_ms` after its last
    piece."""
    return Call(SCRIPTS["append"], (unit.ref, unit.token, piece.number, piece.keep, ttl_ms, piece.sound), bool)


def streaming(job_id: str) -> Call[Attempt]:
    return Call(SCRIPTS["streaming"], (job_id,), lambda reply: Attempt(int(reply[0]), reply[1] == 1))


def stream_key(job_id: str, token: int) -> str:
    """Its entries are <number>-0 with the one field `sound`."""
    return f"{KEY_PREFIX}stream:{job_id}:{token}"
