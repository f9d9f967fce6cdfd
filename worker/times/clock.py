"""The clock of a finished file."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class FileClock:
    """When the sample that is at t of the joined sound is heard in the file: at t / speed + shift_s, seconds."""

    speed: float = 1.0
    shift_s: float = 0.0
    duration_s: float = float("inf")

    def at(self, time_s: float) -> float:
        """To ten microseconds, finer than a sample; never outside the file."""
        return round(min(max(0.0, time_s / self.speed + self.shift_s), self.duration_s), 5)
