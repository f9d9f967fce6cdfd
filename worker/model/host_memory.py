"""Host memory that is no longer in use, given back to the system.

Every recording that is encoded has its own length, so its activations, of megabytes, have sizes that hardly ever come again; so
has every utterance's sound. glibc cuts them from one heap, between small things that stay for long: references that are kept,
kernels that oneDNN has prepared. A hole that no later size fits stays in RAM, because only the heap's end goes back by itself.
What is in use does not grow (180 MiB with the tiny checkpoint, after 400 new recordings as after 4,000), but the process does, to
a multiple of it.
"""

import ctypes
import resource
from pathlib import Path

_malloc_trim = getattr(ctypes.CDLL(None), "malloc_trim", None)    # glibc's own; other C libraries have none
_STATM = Path("/proc/self/statm")

MAY_GROW_BYTES = 64 << 20


def give_back_holes() -> None:
    """Free pages anywhere in the heap go back to the system, in some 3 ms. Any thread; others wait with their allocations."""
    if _malloc_trim is not None:
        _malloc_trim(0)


def rss_bytes() -> int:
    """The memory of this process in RAM; its peak where the system doesn't tell (macOS)."""
    if _STATM.exists():
        return int(_STATM.read_text().split()[1]) * resource.getpagesize()
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


class HostMemory:
    """This process's memory, looked at now and then: each time that it has grown by `may_grow_bytes`, its holes go back."""

    def __init__(self, may_grow_bytes: int = MAY_GROW_BYTES) -> None:
        self._may_grow_bytes = may_grow_bytes
        self._left_bytes: int | None = None     # in RAM after the last time

    def look(self) -> int:
        """Bytes in RAM, after holes were given back where that was due."""
        now = rss_bytes()
        if self._left_bytes is None:
            self._left_bytes = now
        elif now - self._left_bytes > self._may_grow_bytes:
            give_back_holes()
            self._left_bytes = now = rss_bytes()
        return now
