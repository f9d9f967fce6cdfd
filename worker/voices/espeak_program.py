"""Where espeak-ng is, and what it says of itself: the program on PATH, else the espeakng-loader wheel in a child process.

espeak-ng is GPL-3.0-or-later: it runs as a program beside the worker and is never loaded into it.
"""

import ctypes.util
import importlib.util
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from speechmill.errors import VoiceFailed

_ANSWER_S = 20.0
_LIBRARIES = ("libespeak-ng.so", "libespeak-ng.dylib")


@dataclass(frozen=True)
class EspeakProgram:
    """A command that takes espeak-ng's options. `origin` is for people: where it came from. `library` is what the command runs
    on, where that is known: it tells when each word begins."""

    command: tuple[str, ...]
    origin: str
    library: str = ""

    def to_speak(self, voice: str) -> list[str]:
        """The command that reads plain UTF-8 text from stdin and writes WAV to stdout. No word of it is the client's:
        `voice` is a file of espeak-ng's own table, with a variant of ours."""
        return [*self.command, "--stdin", "--stdout", "-b", "1", "-v", voice]

    def to_speak_with_words(self, voice: str, data: Path) -> list[str]:
        """The same, with a line of JSON before the WAV: [[character, sample], …], the beginnings of words. There must be a
        `library`; `data` is its folder."""
        return [*_child(self.library, data), "--words", "-v", voice]

    def version(self) -> tuple[str, Path]:
        """Its version ("1.51") and the folder of its data. Raises VoiceFailed."""
        answer = self._ask("--version")
        found = re.search(r"text-to-speech: (\S+)\s+Data at: (.+)", answer)
        if not found:
            raise VoiceFailed(f"{self.origin} gave no version that can be read: {answer[:200]!r}.")
        return found[1], Path(found[2].strip())

    def voices(self) -> str:
        """The table of languages that `espeak-ng --voices` prints. Raises VoiceFailed."""
        return self._ask("--voices")

    def _ask(self, option: str) -> str:
        try:
            done = subprocess.run([*self.command, option], stdin=subprocess.DEVNULL, capture_output=True,
                                  timeout=_ANSWER_S, check=True)
        except subprocess.CalledProcessError as error:
            said = error.stderr.decode("utf-8", "replace").strip()
            raise VoiceFailed(f"{self.origin} {option} failed: {said[-300:]}") from None
        except (OSError, subprocess.TimeoutExpired) as error:
            raise VoiceFailed(f"{self.origin} {option} failed: {error}") from None
        return done.stdout.decode("utf-8", "replace")


def find_espeak() -> EspeakProgram:
    """The espeak-ng on PATH, else the wheel's. Raises VoiceFailed that says how to get one."""
    program = espeak_on_path() or espeak_in_wheel()
    if program is None:
        raise VoiceFailed("espeak-ng is not installed here. Install the system's package (apt-get install espeak-ng, "
                          "brew install espeak-ng) or the wheel (pip install 'speechmill[local]').")
    return program


def espeak_on_path() -> EspeakProgram | None:
    path = shutil.which("espeak-ng")
    return EspeakProgram((path,), path, ctypes.util.find_library("espeak-ng") or "") if path else None


def espeak_in_wheel() -> EspeakProgram | None:
    # The package is looked up, not imported: nothing of it belongs in this process.
    spec = importlib.util.find_spec("espeakng_loader")
    if spec is None or spec.origin is None:
        return None
    folder = Path(spec.origin).parent
    library = next((folder / name for name in _LIBRARIES if (folder / name).is_file()), None)
    if library is None:
        return None
    return EspeakProgram(_child(str(library), folder / "espeak-ng-data"), "the espeak-ng of espeakng-loader", str(library))


def _child(library: str, data: Path) -> tuple[str, ...]:
    child = Path(__file__).with_name("espeak_child.py")
    # -I, -S: it starts faster without site-packages, and can import nothing but the standard library. utf8: names of voices.
    return (sys.executable, "-I", "-S", "-X", "utf8", str(child), library, str(data))
