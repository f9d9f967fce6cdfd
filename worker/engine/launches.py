"""What passes between host and device for each launch, in memory that the device reads and writes by itself (pinned).

A launch's memory must not be touched until the device is done with it, and the host runs ahead: so there are a few of each, in
turn, and an event tells when one is free.
"""

import logging
from collections.abc import Sequence

import numpy as np
import torch

from worker.engine.runner import Frames, Join
from worker.model.prompt import NONE
from worker.model.prompt_batch import BatchRoom, PromptBuffer, PromptRows
from worker.model.slot_state import LOST

log = logging.getLogger(__name__)

N_IN_TURN = 4


class FrameLaunch:
    """One decode: its rows' slots go in, its frames come out. Implements LaunchedFrames once it is launched."""

    def __init__(self, memory: "FrameMemory", n_rows: int) -> None:
        self._memory, self._n_rows = memory, n_rows
        self._frames: Frames | None = None

    def ready(self) -> bool:
        return self._frames is not None or self._memory.is_done()

    def wait(self) -> Frames:
        """Blocks until the device has done it; later calls answer the same."""
        if self._frames is None:
            self._memory.wait()
            results = self._memory.results[: self._n_rows].numpy().copy()  # [rows, codes + 2]
            if n_lost := np.count_nonzero(results[:, -1] == LOST):
                log.error("Blocks of the GPU waited for each other in vain: %d utterances fail. See `nvidia-smi -q`.", n_lost)
            self._frames = Frames(codes=results[:, :-2], next_code=results[:, -2], broken=results[:, -1] != 0)
        return self._frames


class FrameMemory:
    """`slots` [rows] int32 and `results` [rows, codes + 2] int32 on the host."""

    def __init__(self, n_rows: int, n_codes: int, device: torch.device) -> None:
        pinned = device.type == "cuda"
        self.slots = torch.zeros(n_rows, dtype=torch.int32, pin_memory=pinned)
        self.results = torch.zeros(n_rows, n_codes + 2, dtype=torch.int32, pin_memory=pinned)
        self._done = torch.cuda.Event() if pinned else None  # type: ignore[no-untyped-call]
        self._launch: FrameLaunch | None = None

    def begin(self, slots: Sequence[int], padding: int) -> FrameLaunch:
        """Take the memory for a new launch; results of the one before that nobody has read yet are read now."""
        if self._launch is not None:
            self._launch.wait()
        into = self.slots.numpy()
        into[: len(slots)] = slots
        into[len(slots) :] = padding
        self._launch = FrameLaunch(self, len(slots))
        return self._launch

    def launched(self) -> None:
        """All of it is on the current stream."""
        if self._done is not None:
            self._done.record()

    def is_done(self) -> bool:
        return self._done is None or bool(self._done.query())  # type: ignore[no-untyped-call]

    def wait(self) -> None:
        if self._done is not None:
            self._done.synchronize()


class PromptMemory:
    """One prefill's prompts on the host."""

    def __init__(self, room: BatchRoom, device: torch.device) -> None:
        pinned = device.type == "cuda"
        self.buffer = PromptBuffer(room, torch.device("cpu"), pinned=pinned)
        self._done = torch.cuda.Event() if pinned else None  # type: ignore[no-untyped-call]

    def begin(self) -> None:
        """Waits until the device has copied what was here before."""
        if self._done is not None:
            self._done.synchronize()

    def copied(self) -> None:
        """The copy to the device is on the current stream."""
        if self._done is not None:
            self._done.record()


def write_prompts(rows: PromptRows, joins: Sequence[Join], *, scratch_slot: int, pad_text_id: int) -> None:
    """Fill host memory with these joins; rows beyond them are padding."""
    for tensor in (rows.text_ids, rows.code_ids, rows.speaker_at):
        tensor.numpy().fill(NONE)
    for tensor in (rows.lengths, rows.speaker, rows.seed):
        tensor.numpy().fill(0)
    rows.slots.numpy().fill(scratch_slot)
    rows.trailing_ids.numpy().fill(pad_text_id)
    rows.penalty.numpy().fill(1.0)
    for draw in (rows.talker_draw, rows.predictor_draw):
        draw.temperature.numpy().fill(0.0)
        draw.top_k.numpy().fill(0)
        draw.top_p.numpy().fill(1.0)
    for row, join in enumerate(joins):
        _write_prompt(rows, row, join)
        _write_sampling(rows, row, join)


def _write_prompt(rows: PromptRows, row: int, join: Join) -> None:
    prompt = join.prompt
    n_trailing = min(len(prompt.trailing_ids), rows.trailing_ids.shape[1])  # no frame comes after the slot's last position
    rows.slots.numpy()[row] = join.slot
    rows.lengths.numpy()[row] = len(prompt)
    rows.text_ids.numpy()[row, : len(prompt)] = prompt.text_ids
    rows.code_ids.numpy()[row, : len(prompt)] = prompt.code_ids
    rows.trailing_ids.numpy()[row, :n_trailing] = prompt.trailing_ids[:n_trailing]
    if prompt.speaker is not None:
        rows.speaker.numpy()[row] = prompt.speaker
        rows.speaker_at.numpy()[row] = prompt.speaker_at


def _write_sampling(rows: PromptRows, row: int, join: Join) -> None:
    sampling = join.sampling
    rows.seed.numpy()[row] = np.int64(sampling.seed)
    rows.penalty.numpy()[row] = sampling.repetition_penalty
    for into, draw in ((rows.talker_draw, sampling.talker), (rows.predictor_draw, sampling.predictor)):
        into.temperature.numpy()[row] = draw.temperature
        into.top_k.numpy()[row] = draw.top_k
        into.top_p.numpy()[row] = draw.top_p
