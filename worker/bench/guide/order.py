"""What the process of one row is told to measure, and what it tells of each load. No torch."""

from dataclasses import asdict, dataclass
from typing import Any, Literal

from worker.bench.guide.rows import EngineSetup, GuideRow, ReferenceSetup


@dataclass(frozen=True)
class Plan:
    """The same for all rows. The package speaks calls of utterances of `frames` frames, `rounds` times; the engine stands under
    a steady load of utterances that join and leave, for `seconds`. `alone_s` and `together_s`: how long these last, from, to."""

    checkpoint: str
    device: Literal["auto", "cuda", "cpu"] = "auto"
    frames: int = 24
    rounds: int = 2
    seconds: float = 3.0
    alone_s: tuple[float, float] = (3.0, 6.0)
    together_s: tuple[float, float] = (5.0, 20.0)


@dataclass(frozen=True)
class Order:
    """For one row."""

    plan: Plan
    setup: ReferenceSetup | EngineSetup
    at_once: tuple[int, ...]

    @staticmethod
    def of(row: GuideRow, plan: Plan) -> "Order":
        assert row.setup is not None, "nothing to measure yet"
        together = (row.loads.together,) if row.loads.together else ()
        return Order(plan, row.setup, ((1,) if row.loads.alone else ()) + together)

    def to_json(self) -> dict[str, Any]:
        return asdict(self)

    @staticmethod
    def from_json(order: dict[str, Any], setup: type[ReferenceSetup] | type[EngineSetup]) -> "Order":
        return Order(Plan(**order["plan"]), setup(**order["setup"]), tuple(order["at_once"]))


@dataclass(frozen=True)
class Speed:
    """Of one load: `rounds` are audio seconds a wall second, each measured on its own. `notes`: what a reader of the table
    should know."""

    at_once: int
    rounds: list[float]
    vram_gb: float
    notes: list[str]
