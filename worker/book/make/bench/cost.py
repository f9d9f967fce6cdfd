"""What a piece of work costs: CPU time and memory, of this process and of those it starts. Linux only."""

import os
import resource
import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

_LOOK_S = 0.02
_FORGET_PEAK = "5"
"""proc(5), clear_refs: the peak begins anew."""


@dataclass(frozen=True)
class Cost:
    """`cpu_s` is user and system time of this process and its ended children. Memory is the peak of what was resident;
    `children_mib` that of the largest child, 0 where there was none (or none that lived for 20 ms)."""

    cpu_s: float
    own_mib: float
    children_mib: float


def cost_of(work: Callable[[], object]) -> Cost:
    Path("/proc/self/clear_refs").write_text(_FORGET_PEAK)
    before_s = _cpu_s()
    with _Children() as children:
        work()
    return Cost(_cpu_s() - before_s, _peak_mib(os.getpid()), children.peak_mib)


class _Children:
    """Looks at the children every 20 ms: what the system tells of ended ones includes what they were forked from."""

    def __init__(self) -> None:
        self.peak_mib = 0.0
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._look)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, where: TracebackType | None) -> None:
        self._done.set()
        self._thread.join()

    def _look(self) -> None:
        while not self._done.wait(_LOOK_S):
            for thread in Path("/proc/self/task").iterdir():
                for child in (thread / "children").read_text().split():
                    self.peak_mib = max(self.peak_mib, _peak_mib(int(child)))


def _peak_mib(pid: int) -> float:
    try:
        status = Path(f"/proc/{pid}/status").read_text()
    except OSError:  # it has just ended
        return 0.0
    peak = next((line for line in status.splitlines() if line.startswith("VmHWM:")), "VmHWM: 0 kB")
    return int(peak.split()[1]) / 1024


def _cpu_s() -> float:
    return sum(used.ru_utime + used.ru_stime
               for used in (resource.getrusage(resource.RUSAGE_SELF), resource.getrusage(resource.RUSAGE_CHILDREN)))
