"""The interpreter of these tests, as others start it: with empty modules for what qwen-tts imports and never uses here."""

import sys
from pathlib import Path

from tests.parity.oracle_imports import UNUSED


def interpreter(folder: Path) -> str:
    """A program in `folder` that runs Python so that qwen_tts can be imported."""
    for name in UNUSED:
        package = folder / "empty"
        for part in name.split("."):
            package /= part
            package.mkdir(parents=True, exist_ok=True)
            (package / "__init__.py").touch()
    program = folder / "python"
    program.write_text(f'#!/bin/sh\nPYTHONPATH={folder / "empty"} exec {sys.executable} "$@"\n')
    program.chmod(0o755)
    return str(program)
