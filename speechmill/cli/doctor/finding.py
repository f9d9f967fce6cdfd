"""One line of `speechmill doctor`."""

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True)
class Finding:
    """`state`: ok | missing (the one-command stack can't run without it) | warning (something else can't) | unused.
    `fix` says how to get what is missing."""

    name: str
    state: Literal["ok", "missing", "warning", "unused"]
    detail: str
    fix: str = ""
