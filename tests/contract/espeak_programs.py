"""The two programs that the espeak voice can speak with, for the tests; and broken ones."""

import os
import shlex
from pathlib import Path

from worker.voices.espeak_program import EspeakProgram, espeak_in_wheel, espeak_on_path


def wheel() -> EspeakProgram:
    program = espeak_in_wheel()
    assert program, "the tests need the espeakng-loader wheel: install the `local` extra"
    return program


def on_path(folder: Path) -> EspeakProgram:
    """The system's espeak-ng; on a machine without one, a command of that name in `folder`, over the wheel's."""
    program = espeak_on_path()
    if program:
        return program
    script(folder / "espeak-ng", f'exec {shlex.join(wheel().command)} "$@"')
    os.environ["PATH"] = f"{folder}{os.pathsep}{os.environ['PATH']}"
    program = espeak_on_path()
    assert program
    return program


def faulty(real: EspeakProgram, folder: Path, fault: str) -> tuple[EspeakProgram, Path]:
    """A program that does as `real` does until the returned file exists; then it runs `fault` instead of speaking."""
    armed = folder / "armed"
    path = script(folder / "faulty", f'[ -e {shlex.quote(str(armed))} ] && case " $* " in *" --stdin "*) {fault};; esac\n'
                                     f'exec {shlex.join(real.command)} "$@"')
    return EspeakProgram((str(path),), "a faulty espeak-ng"), armed


def script(path: Path, body: str) -> Path:
    path.write_text(f"#!/bin/sh\n{body}\n")
    path.chmod(0o755)
    return path
