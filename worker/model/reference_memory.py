"""Host memory that encoding a recording leaves behind, given back to the system.

Every recording has its own length, so its activations, of megabytes, have sizes that hardly ever come again. glibc cuts them
from one heap, between small things that stay for long: references that are kept, kernels that oneDNN has prepared. A hole that
no later size fits stays in RAM, because only the heap's end goes back by itself. What is in use does not grow (180 MiB with the
tiny checkpoint, after 400 new recordings as after 4,000), but the process does, to a multiple of it.
"""

import ctypes

_malloc_trim = getattr(ctypes.CDLL(None), "malloc_trim", None)    # glibc's own; other C libraries have none


def give_back_holes() -> None:
    """Free pages anywhere in the heap go back to the system, in some 3 ms. Any thread; others wait with their allocations."""
    if _malloc_trim is not None:
        _malloc_trim(0)
