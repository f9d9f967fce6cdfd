"""What the process of one speaker is told to speak, and what it tells of each load. No torch."""

from dataclasses import asdict, dataclass
from typing import Any

from worker.bench.compare.lines import Line
from worker.bench.compare.row import Spoken
from worker.bench.subject.channel import Channel


@dataclass(frozen=True)
class Load:
    """`lines`, so many of them at once."""

    at_once: int
    lines: tuple[Line, ...]


@dataclass(frozen=True)
class Order:
    """`config` is for our engine (case.Case). Nothing new is begun after `limit_s` of a load."""

    checkpoint: str
    loads: tuple[Load, ...]
    limit_s: float
    config: str = "engine"

    def to_json(self) -> dict[str, Any]:
        return asdict(self)

    @staticmethod
    def from_json(order: dict[str, Any]) -> "Order":
        loads = tuple(Load(load["at_once"], tuple(Line(**line) for line in load["lines"])) for load in order["loads"])
        return Order(order["checkpoint"], loads, order["limit_s"], order["config"])


def tell(channel: Channel, load: Load, spoken: Spoken, *notes: str) -> None:
    """The row's part of a load (comparison.py makes the row)."""
    left = len(load.lines) - spoken.n_utterances
    said = [*notes, *([f"{left} texts were left at the limit"] if left else [])]
    channel.tell(at_once=load.at_once, spoken=asdict(spoken), notes=said)
