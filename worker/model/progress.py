"""How far a download is, told every few seconds. No torch."""

import time
from collections.abc import Callable
from dataclasses import dataclass

REPORT_EVERY_S = 3.0
GB = 1e9


@dataclass(frozen=True)
class Progress:
    """Its text is a line for a log."""

    name: str
    done_bytes: int
    total_bytes: int
    bytes_per_s: float

    def __str__(self) -> str:
        line = f"{self.name}: {self.done_bytes / GB:.2f} of {self.total_bytes / GB:.2f} GB"
        if self.done_bytes >= self.total_bytes:
            return f"{line}, complete"
        if self.bytes_per_s <= 0:
            return line
        left_s = (self.total_bytes - self.done_bytes) / self.bytes_per_s
        return f"{line}, {self.bytes_per_s / 1e6:.1f} MB/s, {left_s:.0f} s left"


class Meter:
    """Counts bytes, and reports at most every REPORT_EVERY_S."""

    def __init__(self, name: str, total_bytes: int, report: Callable[[Progress], None]) -> None:
        self._name = name
        self._total_bytes = total_bytes
        self._report = report
        self._done_bytes = 0
        self._new_bytes = 0              # since the last report, off the network
        self._reported_at = time.monotonic()

    def found(self, n_bytes: int) -> None:
        """Bytes that were there before, or that another process brought; negative where they are lost."""
        self._done_bytes += n_bytes
        self._report_now_and_then()

    def received(self, n_bytes: int) -> None:
        self._done_bytes += n_bytes
        self._new_bytes += n_bytes
        self._report_now_and_then()

    def finish(self) -> None:
        self._report(Progress(self._name, self._total_bytes, self._total_bytes, 0.0))

    def _report_now_and_then(self) -> None:
        passed_s = time.monotonic() - self._reported_at
        if passed_s >= REPORT_EVERY_S:
            self._report(Progress(self._name, self._done_bytes, self._total_bytes, self._new_bytes / passed_s))
            self._new_bytes, self._reported_at = 0, time.monotonic()
