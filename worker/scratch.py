"""Files in the making: the scratch folder of a worker, and what becomes of the worker when that is full."""

import errno
import logging
import os
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import soundfile

from speechmill.errors import EncodingFailed
from speechmill.settings import Settings, variable
from worker.leftovers import locked

log = logging.getLogger(__name__)

SETTING = variable(("worker", "scratch"))
PROBE_BYTES = 1024 * 1024
SHORTEST_WAIT_S, LONGEST_WAIT_S = 5.0, 60.0
"""Between a full disk and the next look at it. It doubles while what was begun then fails again: a large file may never fit, and
must not go round and round."""

_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
_FFMPEG_SAYS = tuple(os.strerror(number) for number in _FULL)
_SNDFILE_SYSTEM_ERROR = 2
"""All that libsndfile says of a write that the system refused."""


class ScratchFull(OSError):
    """There is no room for a file in the making. The unit is not to blame: it may be done elsewhere, or later."""


def scratch_folder(settings: Settings) -> Path:
    return settings.worker.scratch or Path(tempfile.gettempdir())


class Scratch:
    """The scratch folder of one worker process. `on_change` is called when it has become full, and when there is room again."""

    def __init__(self, folder: Path, on_change: Callable[[], None] = lambda: None) -> None:
        self.folder = folder
        self._on_change = on_change
        self._lock = threading.Lock()
        self._full = False
        self._wait_s = SHORTEST_WAIT_S
        self._look_at = 0.0
        self._opened_at = 0.0

    @property
    def full(self) -> bool:
        """Whether nothing is to be begun here now."""
        return self._full

    def told_full(self) -> None:
        """Some file found no room."""
        with self._lock:
            before, self._full = self._full, True
            now = time.monotonic()
            if not before:
                # Again soon after there seemed to be room: what is wanted needs more than a probe can tell.
                again = now - self._opened_at < 2 * self._wait_s
                self._wait_s = min(2 * self._wait_s, LONGEST_WAIT_S) if again else SHORTEST_WAIT_S
                self._look_at = now + self._wait_s
        if not before:
            log.error("the disk of the scratch folder %s is full; this worker takes nothing until there is room: free some, or "
                      "set %s to a folder on a larger disk", self.folder, SETTING)
            self._on_change()

    def look(self) -> None:
        """Where it was full, see whether there is room again; called now and then."""
        with self._lock:
            if not self._full or time.monotonic() < self._look_at:
                return
            self._look_at = time.monotonic() + self._wait_s
            if not _has_room(self.folder):
                return
            self._full, self._opened_at = False, time.monotonic()
        log.warning("there is room in the scratch folder %s again", self.folder)
        self._on_change()

    def try_out(self) -> None:
        """Find out whether there is room, before anything is begun."""
        if not _has_room(self.folder):
            self.told_full()


@contextmanager
def making(scratch: Scratch) -> Iterator[str]:
    """A folder that goes when its context is left; `clear_scratch` takes it should this process be killed before. Raises
    ScratchFull where what is made in it finds no room."""
    try:
        with tempfile.TemporaryDirectory(prefix=f"speechmill-{os.getpid()}-", dir=scratch.folder) as folder, locked(folder):
            yield folder
    except (OSError, EncodingFailed) as error:
        if not _is_about_room(error):
            raise
        scratch.told_full()
        raise ScratchFull(f"There is no room in the scratch folder {scratch.folder}; {SETTING} says where it is.") from error


def _has_room(folder: Path) -> bool:
    """Written, not asked for: quotas and network disks do not say what they will take. Any other trouble is for who meets it."""
    try:
        with tempfile.TemporaryFile(dir=folder, buffering=0) as file:
            unwritten = memoryview(bytes(PROBE_BYTES))
            while unwritten:
                unwritten = unwritten[file.write(unwritten):]
    except OSError as error:
        return error.errno not in _FULL
    return True


def _is_about_room(error: OSError | EncodingFailed) -> bool:
    if isinstance(error, OSError):
        return error.errno in _FULL
    cause = error.__cause__
    if isinstance(cause, OSError):
        return cause.errno in _FULL
    if isinstance(cause, soundfile.LibsndfileError):
        return bool(cause.code == _SNDFILE_SYSTEM_ERROR)
    return any(words in error.message for words in _FFMPEG_SAYS)
