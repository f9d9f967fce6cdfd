"""Whether a stack can speak: the producer takes jobs, and a worker of each role has enlisted."""

import http.client
import os
import re
from dataclasses import dataclass

from speechmill.cli.stack.parts import Address

_SLOTS = re.compile(r'^speech_slots\{queue="(\w+):[^"]*"\} ([\d.]+)', re.MULTILINE)


@dataclass(frozen=True)
class Missing:
    """What a stack still waits for, in words that fit behind "waiting for"."""

    what: str


def missing(address: Address, roles: tuple[str, ...]) -> Missing | None:
    """None once the stack is ready. Never raises."""
    status, text = _get(address, "/readyz")
    if status is None:
        return Missing("the producer to answer")
    if status != 200:
        return Missing(f"the producer to be ready: {text[:300]}")
    enlisted = _roles_with_slots(_get(address, "/metrics")[1]) if roles else set()
    for role in roles:
        if role not in enlisted:
            return Missing(f"the {role} worker to enlist")
    return None


def _roles_with_slots(metrics: str) -> set[str]:
    return {role for role, slots in _SLOTS.findall(metrics) if float(slots) > 0}


def _authorization() -> dict[str, str]:
    """Where /metrics wants a key, the one that the stack was given."""
    key = os.environ.get("SPEECHMILL_PRODUCER__ADMIN_KEY", "")
    return {"Authorization": f"Bearer {key}"} if key else {}


def _get(address: Address, path: str) -> tuple[int | None, str]:
    # The standard library's client, since this runs while the parts need every bit of CPU to start.
    connection = http.client.HTTPConnection(address.reachable, address.port, timeout=3)
    try:
        connection.request("GET", path, headers=_authorization())
        answer = connection.getresponse()
        return answer.status, answer.read().decode("utf-8", "replace")
    except (OSError, http.client.HTTPException):
        return None, ""
    finally:
        connection.close()
