"""A closer look at the programs: their versions, and whether this ffmpeg can encode what is offered."""

import subprocess
from dataclasses import replace

from speechmill.cli.doctor.finding import Finding
from speechmill.cli.doctor.needs import find_espeak, find_ffmpeg
from speechmill.cli.stack.redis import find_redis

ENCODERS = {"libmp3lame": "mp3", "libopus": "opus", "aac": "aac"}
ANSWER_S = 20


def with_version(need: Finding) -> Finding:
    """The finding of a program, with the version that it gives."""
    asking = {"Redis or Valkey": (find_redis(), "--version"), "ffmpeg": (find_ffmpeg(), "-version"),
              "espeak-ng": (find_espeak(), "--version")}
    program, option = asking.get(need.name, (None, ""))
    if program is None or ".so" in program or program.endswith(".dylib"):
        return need  # no program but a library, which a child process of the worker loads
    return replace(need, detail=f"{program}: {_ask(program, option).partition(chr(10))[0][:90]}")


def encoders() -> Finding:
    ffmpeg = find_ffmpeg()
    if ffmpeg is None:
        return Finding("encoders", "missing", "there is no ffmpeg to ask", "install ffmpeg")
    known = {line.split()[1] for line in _ask(ffmpeg, "-hide_banner", "-encoders").splitlines() if len(line.split()) > 1}
    lacking = {encoder: format for encoder, format in ENCODERS.items() if encoder not in known}
    if lacking:
        return Finding("encoders", "missing",
                       f"this ffmpeg lacks {', '.join(lacking)}, so there is no {', '.join(lacking.values())}",
                       "an ffmpeg built with them, as Debian's")
    return Finding("encoders", "ok", ", ".join(ENCODERS))


def _ask(program: str, *options: str) -> str:
    try:
        done = subprocess.run([program, *options], stdin=subprocess.DEVNULL, capture_output=True, timeout=ANSWER_S, check=False)
    except (OSError, subprocess.TimeoutExpired) as error:
        return f"does not run: {error}"
    return done.stdout.decode("utf-8", "replace").strip()
