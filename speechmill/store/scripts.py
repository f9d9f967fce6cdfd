"""The Redis scripts: one file a verb in `lua/`, each put behind the state machine's table and `lua/lib.lua`."""

import hashlib
from dataclasses import dataclass
from importlib.resources import files

from speechmill.job import TRANSITIONS


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


def _load() -> dict[str, Script]:
    folder = files("speechmill.store") / "lua"
    start = _allowed() + (folder / "lib.lua").read_text("utf-8")
    scripts = {}
    for file in folder.iterdir():
        name = file.name.removesuffix(".lua")
        if name != "lib":
            text = start + file.read_text("utf-8")
            scripts[name] = Script(name, text, hashlib.sha1(text.encode(), usedforsecurity=False).hexdigest())
    return scripts


SCRIPTS = _load()
