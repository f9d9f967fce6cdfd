"""Our engine and its peers on the same texts, one after the other, so that none is in another's way. No torch."""

import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from worker.bench.case import Case
from worker.bench.compare.lines import lines
from worker.bench.compare.order import Load, Order
from worker.bench.compare.peer import PackagePeer, Peer, UrlPeer
from worker.bench.compare.row import PeerRow, Spoken
from worker.bench.compare.url import measure_url
from worker.bench.load import Lengths
from worker.bench.subject.alone import SubjectBroke, told_by
from worker.bench.subject.process import Call

_SLACK_S = 60.0
"""Beyond the limit: what was begun just before it is waited for."""


@dataclass(frozen=True)
class Asked:
    """`texts`: the least of each load; two for each that is in flight otherwise. `limit_s` is one load's of one peer."""

    checkpoint: Path
    at_once: tuple[int, ...]
    lengths: Lengths
    texts: int
    limit_s: float

    def load(self, n: int) -> Load:
        return Load(n, tuple(lines(max(self.texts, 2 * n), self.lengths)))


def compare(cases: Sequence[Case], peers: Sequence[Peer], asked: Asked) -> Iterator[PeerRow]:
    """A row for each of us and them, and each load, as it comes."""
    for case in cases:
        yield from _measured(_Speaker(case.label, "engine", sys.executable, case.label), asked, asked.at_once)
    for peer in peers:
        match peer:
            case UrlPeer():
                for n in asked.at_once:
                    yield measure_url(peer, asked.load(n).lines, n, asked.limit_s)
            case PackagePeer("qwen-tts"):
                yield from _measured(_Speaker(peer.label, "qwen_tts", peer.python), asked, asked.at_once)
            case PackagePeer():  # faster-qwen3-tts has no batch
                yield from _measured(_Speaker(peer.label, "faster", peer.python), asked, (1,))


@dataclass(frozen=True)
class _Speaker:
    """Measured in a process of its own, by worker.bench.compare.`module`_row."""

    label: str
    module: str
    python: str
    config: str = "engine"


def _measured(speaker: _Speaker, asked: Asked, at_once: tuple[int, ...]) -> Iterator[PeerRow]:
    """What breaks is a row, too."""
    order = Order(str(asked.checkpoint), tuple(asked.load(n) for n in at_once), asked.limit_s, speaker.config)
    call = Call(f"worker.bench.compare.{speaker.module}_row:measure", order.to_json(), speaker.python)
    missing = list(at_once)
    try:
        for told in told_by(call, 2 * asked.limit_s + _SLACK_S):
            missing.remove(told["at_once"])
            yield _row(speaker.label, told)
    except SubjectBroke as error:
        for n in missing:
            yield PeerRow.of(speaker.label, n, Spoken(0.0, 0.0, 0, errors=[str(error)]))


def _row(label: str, told: dict[str, Any]) -> PeerRow:
    return PeerRow.of(label, told["at_once"], Spoken(**told["spoken"]), *told["notes"])
