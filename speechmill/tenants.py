"""Tenants, their API keys, and what each of them may use.

A key is `sk-sm-<id>-<secret>`. Only its SHA-256 is kept, and a plain one will do: a secret of 256 random bits cannot be found by
trying, so a slow hash, which is meant for passwords that people choose, would only cost time at every request.
"""

import hashlib
import re
import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from speechmill.errors import InvalidRequest

LOCAL_TENANT = "local"
"""Who everybody is where no key is wanted."""

NO_LIMIT = 0

_KEY = re.compile(r"sk-sm-([0-9a-f]{16})-[0-9a-f]{64}", re.ASCII)
_TENANT = re.compile(r"[a-z0-9][a-z0-9-]{0,62}", re.ASCII)


class Scope(StrEnum):
    """What a key is good for."""

    SPEECH = "speech"    # make jobs and books, look at them, cancel and delete them
    READ = "read"        # look, and no more
    ADMIN = "admin"      # keys, tenants and everybody's usage; nothing else
    METRICS = "metrics"  # /metrics, where that wants a key


@dataclass(frozen=True)
class NewKey:
    """A key that was just made. `text` is shown once and kept nowhere."""

    id: str
    text: str

    def __repr__(self) -> str:
        return f"NewKey({self.id!r})"  # It must not turn up in a traceback.


@dataclass(frozen=True)
class KeyRecord:
    """What is kept of a key. Times are Unix milliseconds by Redis's clock; `used_ms` is right to a minute; None means "never"."""

    id: str
    tenant: str
    name: str
    scopes: frozenset[Scope]
    created_ms: int
    used_ms: int | None = None
    expires_ms: int | None = None
    revoked_ms: int | None = None


@dataclass(frozen=True)
class TenantLimits:
    """What one tenant may use. None means the default of the settings, NO_LIMIT that there is none."""

    weight: float | None = None              # its share of the workers beside others'; 1 by default
    jobs: int | None = None                  # queued and in progress at the same time
    queued_jobs: int | None = None
    characters_a_day: int | None = None      # accepted, by UTC days
    requests_a_minute: int | None = None     # that make or change something


@dataclass(frozen=True)
class Usage:
    """What a tenant used on one day. Days are counted from 1970-01-01, UTC."""

    day: int
    jobs: int = 0
    characters: int = 0            # of the jobs that were accepted
    spoken_characters: int = 0     # of the segments that a voice spoke; one that was found in storage costs nothing
    audio_ms: int = 0              # of the results


def new_key() -> NewKey:
    key_id = secrets.token_hex(8)
    return NewKey(key_id, f"sk-sm-{key_id}-{secrets.token_hex(32)}")


def looks_like_key(text: str) -> bool:
    """Whether somebody means this as a key of ours, right or wrong."""
    return text.startswith("sk-sm-")


def id_of_key(text: str) -> str | None:
    """The public part of a key; None for what cannot be one."""
    match = _KEY.fullmatch(text)
    return match.group(1) if match else None


def digest(key: str) -> str:
    """SHA-256, hex."""
    return hashlib.sha256(key.encode("utf-8", "surrogateescape")).hexdigest()


def tenant_name(value: object, param: str = "tenant") -> str:
    """Names stand in object keys and Redis keys, hence the few characters. Raises InvalidRequest."""
    if not isinstance(value, str) or not _TENANT.fullmatch(value):
        raise InvalidRequest(f"{param} must be 1 to 63 of a-z, 0-9 and -, beginning with a letter or digit, not "
                             f"{str(value)[:80]!r}.", param=param)
    return value


def scopes_of(values: Iterable[str], param: str = "scopes") -> frozenset[Scope]:
    """Raises InvalidRequest for an unknown scope, or none at all."""
    try:
        scopes = frozenset(map(Scope, values))
    except ValueError as error:
        raise InvalidRequest(f"{param}: {error}; there are {', '.join(Scope)}.", param=param) from None
    if not scopes:
        raise InvalidRequest(f"{param} must name at least one of {', '.join(Scope)}.", param=param)
    return scopes
