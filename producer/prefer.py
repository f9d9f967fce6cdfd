"""The Prefer header (RFC 7240): `respond-async`, and `wait=N` seconds."""

import re
from dataclasses import dataclass

MAX_WAIT_S = 60


@dataclass(frozen=True)
class Preference:
    """What the client prefers. `applied` goes back as Preference-Applied."""

    respond_async: bool = False
    wait_s: int | None = None

    @property
    def applied(self) -> str:
        if self.respond_async:
            return "respond-async"
        return f"wait={self.wait_s}" if self.wait_s is not None else ""


def parse_prefer(header: str) -> Preference:
    """Unknown preferences are ignored, as the RFC says; a longer wait than a minute becomes a minute."""
    respond_async, wait_s = False, None
    for part in re.split(r"[,;]", header):
        name, _, value = part.strip().lower().partition("=")
        if name == "respond-async":
            respond_async = True
        elif name == "wait" and re.fullmatch(r'"?[0-9]{1,9}"?', value):
            wait_s = min(int(value.strip('"')), MAX_WAIT_S)
    return Preference(respond_async, wait_s)
