"""One process group for all parts of a stack, which ends with the process that made it, even by kill -9.

The group's first process holds the reading end of a pipe whose only writing end is ours. When we end, whatever the way, it
reads the end of the pipe and kills the group: the parts, and what they started. This needs no thread and no system call that
only Linux has (its PR_SET_PDEATHSIG would also end a part when merely the *thread* that started it ends). A group of its own
also keeps Ctrl-C, which a terminal sends to its whole foreground group, from stopping the parts in no order.
"""

import os
import signal
import subprocess
from contextlib import suppress

_GUARD = "trap '' TERM INT HUP; read -r line; kill -KILL 0"


class ProcessGroup:
    """Start members with `Popen(process_group=group.id)`. `end` kills what is left of them."""

    def __init__(self) -> None:
        # Not waited for before `end`, so its id, which names the group, cannot be given to anybody else.
        self._guard = subprocess.Popen(["/bin/sh", "-c", _GUARD], stdin=subprocess.PIPE, stdout=subprocess.DEVNULL,
                                       stderr=subprocess.DEVNULL, process_group=0)

    @property
    def id(self) -> int:
        return self._guard.pid

    def end(self) -> None:
        with suppress(ProcessLookupError):
            os.killpg(self.id, signal.SIGKILL)
        self._guard.wait()
        if self._guard.stdin:
            self._guard.stdin.close()
