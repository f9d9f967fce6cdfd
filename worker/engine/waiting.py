"""Who waits for a slot, who is next, and when it is worth a prefill. No torch."""

from collections import OrderedDict
from dataclasses import dataclass, field

from worker.engine.slots import Slots
from worker.engine.utterance import Utterance

Queue = OrderedDict[int, Utterance]
"""By id, first come first: an utterance in the middle can be cancelled without a search."""

PREFILL_FRAMES = 0.25
"""What a prefill costs each running utterance, in frames: 3 ms for eight prompts, of about 10 ms at 256 rows (H200)."""

LONGEST_GATHER_STEPS = 8


@dataclass
class Waiting:
    """Two queues, each first come, first served.

    An interactive utterance goes first as long as fewer of them than slots kept for them are being spoken. Beyond that, where
    both may have the slot, they take turns: neither a crowd of people nor a book waits for the end of the other.
    """

    interactive: Queue = field(default_factory=OrderedDict)
    batch: Queue = field(default_factory=OrderedDict)
    _batch_is_next: bool = False

    def add(self, utterance: Utterance) -> None:
        self._queue_of(utterance)[utterance.id] = utterance

    def drop(self, utterance: Utterance) -> None:
        del self._queue_of(utterance)[utterance.id]

    def take(self, slots: Slots) -> Utterance | None:
        """The next that may have a slot now; None where nobody may."""
        interactive_may = bool(self.interactive) and slots.n_free > 0
        batch_may = bool(self.batch) and slots.n_free_for_batch > 0
        if interactive_may and batch_may and slots.n_interactive >= slots.interactive_slots:
            interactive_may = not self._batch_is_next
            self._batch_is_next = not self._batch_is_next
        if interactive_may:
            return self.interactive.popitem(last=False)[1]
        if batch_may:
            return self.batch.popitem(last=False)[1]
        return None

    def __len__(self) -> int:
        return len(self.interactive) + len(self.batch)

    def _queue_of(self, utterance: Utterance) -> Queue:
        return self.interactive if utterance.interactive else self.batch


@dataclass
class Gathering:
    """When batch utterances that could join do so. A prefill costs the same for one as for `prefill_batch`, and all that is
    spoken waits for it; a slot left empty loses a frame a step. So they join when the frames lost by waiting reach what the
    prefill costs the others, or a prefill is full, or the first has waited long enough; at once where little runs."""

    prefill_batch: int
    _n_steps: int = 0
    _lost_frames: int = 0

    def is_due(self, *, n_ready: int, n_running: int) -> bool:
        """Asked once a step. `n_ready` could join now, `n_running` would wait for them."""
        if n_ready == 0:
            self.start_over()
            return False
        self._n_steps += 1
        self._lost_frames += n_ready
        return (n_ready >= self.prefill_batch or self._lost_frames >= PREFILL_FRAMES * n_running
                or self._n_steps >= LONGEST_GATHER_STEPS)

    def start_over(self) -> None:
        self._n_steps = self._lost_frames = 0
