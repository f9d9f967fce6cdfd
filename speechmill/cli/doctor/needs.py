"""What a one-command stack needs to start: packages and programs. Quick, since `up` looks before each start."""

import importlib.util
import re
import shutil
import sys
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

from speechmill.cli.doctor.finding import Finding
from speechmill.cli.exits import Exit, Failure
from speechmill.cli.stack.redis import find_redis
from speechmill.cli.voices import Voice

OLDEST_PYTHON = (3, 11)
LOCAL_EXTRA = "pip install 'speechmill[local]'"


def needs(voice: Voice) -> list[Finding]:
    """Python, the packages of each extra that runs a part, and the programs."""
    return [_python(), _extra("producer"), _extra("worker"), _redis(), _ffmpeg(), *_of_the_voice(voice)]


def _of_the_voice(voice: Voice) -> list[Finding]:
    match voice:
        case Voice.ESPEAK:
            return [_espeak()]
        case Voice.QWEN3:
            return [_extra("gpu")]
        case Voice.REFERENCE:
            return [_extra("reference")]
        case Voice.TONE | Voice.REMOTE:
            return []


def require(voice: Voice) -> None:
    """Raises Failure that names everything that is missing."""
    lacking = [f"{need.name} ({need.fix})" for need in needs(voice) if need.state == "missing"]
    if lacking:
        raise Failure(f"missing here: {'; '.join(lacking)}.", Exit.UNAVAILABLE)


def find_ffmpeg() -> str | None:
    """ffmpeg on PATH, else the one in the imageio-ffmpeg wheel."""
    return shutil.which("ffmpeg") or _in_wheel("imageio_ffmpeg", "binaries/ffmpeg-*")


def find_espeak() -> str | None:
    """espeak-ng on PATH, else the library in the espeakng-loader wheel."""
    return shutil.which("espeak-ng") or _in_wheel("espeakng_loader", "libespeak-ng.*")


def _python() -> Finding:
    found = f"{sys.version.split()[0]} at {sys.executable}"
    if sys.version_info >= OLDEST_PYTHON:
        return Finding("Python", "ok", found)
    return Finding("Python", "missing", found, "Python 3.11 or newer")


def _extra(name: str) -> Finding:
    lacking = [package for package in _packages(name) if not _installed(package)]
    label = f"packages of [{name}]"
    if lacking:
        return Finding(label, "missing", f"not installed: {', '.join(lacking)}", f"pip install 'speechmill[{name}]'")
    return Finding(label, "ok", "all installed")


def _redis() -> Finding:
    return _program("Redis or Valkey", find_redis(), "apt-get install redis-server")


def _ffmpeg() -> Finding:
    return _program("ffmpeg", find_ffmpeg(), "apt-get install ffmpeg")


def _espeak() -> Finding:
    return _program("espeak-ng", find_espeak(), "apt-get install espeak-ng")


def _program(name: str, found: str | None, by_system: str) -> Finding:
    if found:
        return Finding(name, "ok", found)
    return Finding(name, "missing", "not on PATH, and no wheel of it is installed", f"{by_system}, or {LOCAL_EXTRA}")


def _packages(extra: str) -> list[str]:
    """What the extra of our own package asks for, by name."""
    wanted = []
    for requirement in distribution("speechmill").requires or []:
        package, _, marker = requirement.partition(";")
        if f'extra == "{extra}"' in marker.replace("'", '"'):
            wanted.append(re.split(r"[^\w.-]", package.strip(), maxsplit=1)[0])
    return wanted


def _installed(package: str) -> bool:
    try:
        distribution(package)
    except PackageNotFoundError:
        return False
    return True


def _in_wheel(package: str, pattern: str) -> str | None:
    # Looked up, not imported: espeak-ng's licence, for one, is not for this process.
    spec = importlib.util.find_spec(package)
    if spec is None or spec.origin is None:
        return None
    return next((str(path) for path in sorted(Path(spec.origin).parent.glob(pattern))), None)
