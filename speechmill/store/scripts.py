"""The Redis scripts: one file a verb in `lua/`, each put behind what Python decides, `lua/lib.lua` and
`lua/parts.lua`."""

import hashlib
from dataclasses import dataclass
from importlib.resources import files

from speechmill.job import TRANSITIONS
from speechmill.webhook_endpoint import TOLD_TYPES

BOUNDS_MS = (100, 250, 500, 1_000, 2_500, 5_000, 10_000, 30_000, 60_000, 300_000, 900_000, 3_600_000)
"""Upper bounds of the buckets that waits and durations of jobs are counted in."""

_SHARED = ("lib", "subscriptions", "voices", "parts", "lines", "files")
"""What every script starts with, in this order."""


@dataclass(frozen=True)
class Script:
    """A script and the SHA-1 that EVALSHA knows it by."""

    name: str
    text: str
    sha: str


def _allowed() -> str:
    """TRANSITIONS as a Lua table, so that the scripts obey the very table that the Python code shows."""
    rows = (f"  {status.value} = {{{', '.join(f'{to.value} = true' for to in sorted(after))}}},"
            for status, after in TRANSITIONS.items())
    return "local ALLOWED = {\n" + "\n".join(rows) + "\n}\n"


def _told() -> str:
    """TOLD_TYPES as a Lua set."""
    return f"local TOLD = {{{', '.join(f'[{kind!r}] = true' for kind in TOLD_TYPES)}}}\n"


def _bounds() -> str:
    return f"local BOUNDS_MS = {{{', '.join(map(str, BOUNDS_MS))}}}\n"


def _load() -> dict[str, Script]:
    folder = files("speechmill.store") / "lua"
    start = _allowed() + _bounds() + _told() + "".join((folder / f"{name}.lua").read_text("utf-8") for name in _SHARED)
    scripts = {}
    for file in folder.iterdir():
        name = file.name.removesuffix(".lua")
        if name not in _SHARED:
            text = start + file.read_text("utf-8")
            scripts[name] = Script(name, text, hashlib.sha1(text.encode(), usedforsecurity=False).hexdigest())
    return scripts


SCRIPTS = _load()
