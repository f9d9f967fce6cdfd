"""Codes: utterances of every mode and length, side by side in the slots and joining late, each as the original spoke it alone.

Greedy, so that a code can only differ where a sum does; draws themselves are tested in tests/unit/model/test_sampling.py.
"""

from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import numpy as np
import pytest
from numpy.typing import NDArray

from tests.parity.ours import Ours, sampling_of
from tests.parity.utterances import KINDS, UTTERANCES, Utterance
from tests.parity.vectors import load
from worker.engine.runner import Frames, Join
from worker.engine.torch_runner import TorchRunner

Opened = Callable[[str], Ours]
Codes = NDArray[np.int32]


@dataclass
class Running:
    utterance: Utterance
    frames: list[Codes] = field(default_factory=list)    # [16] each
    ended: bool = False


@pytest.mark.parametrize(("name", "n_slots"), [*((name, 4) for name in KINDS), ("custom_voice", 16)])
def test_codes_are_those_of_the_original_whatever_else_is_spoken(ours: Opened, name: str, n_slots: int) -> None:
    utterances = [utterance for utterance in UTTERANCES if utterance.checkpoint == name]

    done = list(speak_all(ours(name), ours(name).runner(n_slots), utterances))

    assert len(done) == len(utterances)
    for running in done:
        expected = load(name).spoken[running.utterance.name]
        assert np.stack(running.frames).tolist() == expected.codes.tolist(), running.utterance.name
        assert running.ended == running.utterance.ends, f"{running.utterance.name} ended in another way"


def speak_all(opened: Ours, runner: TorchRunner, utterances: list[Utterance]) -> Iterator[Running]:
    """At most one joins a frame, so that rows are never at the same step; slots are used again as they get free."""
    waiting, running = deque(utterances), dict[int, Running]()
    while waiting or running:
        free = next((slot for slot in range(runner.n_slots) if slot not in running), None)
        if waiting and free is not None:
            running[free] = Running(waiting.popleft())
            join(opened, runner, free, running[free].utterance)
        slots = list(running)[::-1]
        take(runner.decode(slots).wait(), [running[slot] for slot in slots], runner.end_code)
        for slot in [slot for slot, one in running.items() if one.ended or len(one.frames) == one.utterance.max_frames]:
            yield running.pop(slot)


def join(opened: Ours, runner: TorchRunner, slot: int, utterance: Utterance) -> None:
    runner.prefill([Join(slot, opened.prompt(utterance), sampling_of(utterance))])


def take(frames: Frames, rows: list[Running], end_code: int) -> None:
    assert not frames.broken.any()
    for row, codes, next_code in zip(rows, frames.codes, frames.next_code, strict=True):
        row.frames.append(codes)
        row.ended = next_code == end_code and len(row.frames) < row.utterance.max_frames
