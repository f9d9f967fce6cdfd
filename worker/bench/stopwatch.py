"""Time on the device's own clock: events around launches on a GPU; the wall clock on a CPU, where a call is its work."""

import time
from types import TracebackType

import torch


class Stopwatch:
    """Times what is launched within `with`, any number of times; `seconds()` waits for the device and adds up."""

    def __init__(self, device: torch.device, *, wall: bool = False) -> None:
        """`wall`: the wall clock on a GPU too, for work on several streams; the caller waits for it within `with`."""
        self._cuda = device.type == "cuda" and not wall
        self._laps: list[tuple[torch.Event, torch.Event]] = []
        self._wall_s = 0.0

    def __enter__(self) -> "Stopwatch":
        if self._cuda:
            lap = (torch.Event("cuda", enable_timing=True), torch.Event("cuda", enable_timing=True))
            self._laps.append(lap)
            lap[0].record()
        else:
            self._begun = time.perf_counter()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        if self._cuda:
            self._laps[-1][1].record()
        else:
            self._wall_s += time.perf_counter() - self._begun

    def seconds(self) -> float:
        """The sum so far."""
        if self._laps:
            torch.cuda.synchronize()
            self._wall_s += sum(begun.elapsed_time(ended) for begun, ended in self._laps) / 1000
            self._laps.clear()
        return self._wall_s
