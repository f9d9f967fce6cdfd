"""Deciding: who joins, whose frame is decoded, who has ended. It touches no device, and no torch.

The host lags one frame: `next` is asked for frame t + 1 before `commit` has seen frame t. So one frame may be launched of an
utterance that has ended; `commit` passes it over. Its slot may be prefilled anew while that frame is unread: the device works
in order, so the frame was decoded before the new prompt came, and `commit` goes by who had the row at launch, never by slot.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from worker.engine.runner import Frames, Runner
from worker.engine.slots import Slots
from worker.engine.utterance import NO_SLOT, Ending, Utterance
from worker.engine.waiting import Gathering, Waiting

SHORT_FRAMES = 64
"""Utterances that last 5 s on average are short. Of so many slots one falls free in each step, and is to be filled in it."""


@dataclass(frozen=True)
class Step:
    """What to launch: `joins` are prefilled, in this order and full prefills first, then a frame of each of `rows` is decoded.
    Joins are rows already."""

    joins: tuple[Utterance, ...]
    rows: tuple[Utterance, ...]


class Scheduler:
    """Utterances waiting and running. One thread calls it."""

    def __init__(self, runner: Runner, *, interactive_slots: int) -> None:
        self.slots = Slots(runner.n_slots, interactive_slots)
        self.waiting = Waiting()
        self._running: dict[int, Utterance] = {}
        self._prefill_batch = runner.prefill_batch
        self._most_joins = max(runner.prefill_batch, runner.n_slots // SHORT_FRAMES)
        self._end_code = runner.end_code
        self._gathering = Gathering(runner.prefill_batch)

    @property
    def is_idle(self) -> bool:
        return not self._running and not self.waiting

    def add(self, utterance: Utterance) -> None:
        """It waits for a slot, behind those of its class."""
        self.waiting.add(utterance)

    def cancel(self, utterance: Utterance) -> None:
        """Its slot is free at once; a frame of it in flight is passed over. Nothing happens to one that has ended."""
        if utterance.id in self._running:
            self._end(utterance)
        elif utterance.ending is None:
            self.waiting.drop(utterance)
        utterance.ending = Ending.CANCELLED

    def next(self) -> Step:
        """What to launch now; counts as launched."""
        joins = self._join() if self._is_time_to_join() else ()
        while len(joins) < self._most_joins and self._fills_a_prefill:
            joins += self._join()  # whenever it comes all wait for it, so it may as well come before more slots stay empty
        rows = tuple(utterance for utterance in self._running.values() if utterance.wants_a_frame)
        for utterance in rows:
            utterance.n_launched += 1
        return Step(joins, rows)

    def commit(self, rows: Sequence[Utterance], frames: Frames) -> list[Utterance]:
        """The frame of a `Step`'s rows has come back. Gives those that ended with it; their slots are free."""
        is_last = (frames.next_code == self._end_code).tolist()
        broken = frames.broken.tolist()
        ended = []
        for row, utterance in enumerate(rows):
            if utterance.ending is not None:
                continue
            if broken[row]:
                utterance.ending = Ending.BROKEN
            else:
                utterance.read(frames.codes[row], is_last=is_last[row])
            if utterance.ending is not None:
                self._end(utterance)
                ended.append(utterance)
        return ended

    def check_integrity(self) -> None:
        """Raises RuntimeError unless each slot is free, or one running utterance has it."""
        self.slots.check_integrity()
        if len(self._running) + self.slots.n_free != self.slots.n_slots:
            raise RuntimeError(f"{len(self._running)} utterances run, but {self.slots.n_free} of {self.slots.n_slots} slots "
                               "are free")

    def _is_time_to_join(self) -> bool:
        if self.waiting.interactive and self.slots.n_free > 0:
            return True
        return self._gathering.is_due(n_ready=self._n_batch_ready, n_running=len(self._running))

    @property
    def _n_batch_ready(self) -> int:
        return min(len(self.waiting.batch), self.slots.n_free_for_batch)

    @property
    def _fills_a_prefill(self) -> bool:
        """Whether those of one class who could join now are enough."""
        return max(min(len(self.waiting.interactive), self.slots.n_free), self._n_batch_ready) >= self._prefill_batch

    def _join(self) -> tuple[Utterance, ...]:
        """Those who go first, and others beside them as far as the prefill has room: their company costs nothing."""
        self._gathering.start_over()
        joins: list[Utterance] = []
        while len(joins) < self._prefill_batch and (utterance := self.waiting.take(self.slots)) is not None:
            utterance.slot = self.slots.take(interactive=utterance.interactive)
            self._running[utterance.id] = utterance
            joins.append(utterance)
        return tuple(joins)

    def _end(self, utterance: Utterance) -> None:
        del self._running[utterance.id]
        self.slots.give_back(utterance.slot)
        utterance.slot = NO_SLOT
