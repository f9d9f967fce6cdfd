"""Utterances whose codes are all there, until the codec decodes them. No torch."""

from worker.engine.utterance import Utterance

LONGEST_WAIT_STEPS = 4
"""Short: in this time a client waits for nothing but company for the codec."""

MOST_PADDING = 1.1
"""A batch is padded to its longest take, and padding costs the codec as much as sound."""


class WholeTakes:
    """Gathers takes so that they are decoded in batches of similar length, and nobody waits long."""

    def __init__(self, batch_frames: int) -> None:
        self._batch_frames = batch_frames
        self._waiting: dict[Utterance, int] = {}    # since which step; oldest first
        self._n_frames = 0      # of all that wait; counted along, for it is asked for several times a step

    def __len__(self) -> int:
        return len(self._waiting)

    def add(self, utterance: Utterance, *, step: int) -> None:
        self._waiting[utterance] = step
        self._n_frames += utterance.n_codes

    def drop(self, utterance: Utterance) -> None:
        if self._waiting.pop(utterance, None) is not None:
            self._n_frames -= utterance.n_codes

    @property
    def crowd(self) -> bool:
        """Two batches wait, enough to choose from."""
        return self._n_frames >= 2 * self._batch_frames

    def is_due(self, *, step: int) -> bool:
        """They crowd; or one of them waits for long; or one that somebody listens for."""
        if not self._waiting:
            return False
        oldest = next(iter(self._waiting.values()))
        return (step - oldest >= LONGEST_WAIT_STEPS
                or any(utterance.interactive for utterance in self._waiting)
                or self.crowd)

    def take(self, *, step: int) -> list[Utterance]:
        """The most urgent, and those nearest to it in length, as many as a batch holds. A take longer than a batch is one by
        itself."""
        first = self._most_urgent(step)
        by_likeness = sorted(self._waiting, key=lambda other: (other is not first, abs(other.n_codes - first.n_codes)))
        taken: list[Utterance] = []
        longest = n_frames = 0
        for utterance in by_likeness:
            longest_then, n_frames_then = max(longest, utterance.n_codes), n_frames + utterance.n_codes
            padded = longest_then * (len(taken) + 1)
            if taken and (padded > self._batch_frames or padded > MOST_PADDING * n_frames_then):
                break
            taken.append(utterance)
            longest, n_frames = longest_then, n_frames_then
        for utterance in taken:
            self.drop(utterance)
        return taken

    def _most_urgent(self, step: int) -> Utterance:
        """The oldest, but an interactive one goes before batch that has not waited long."""
        oldest, since = next(iter(self._waiting.items()))
        if step - since >= LONGEST_WAIT_STEPS:
            return oldest
        return next((utterance for utterance in self._waiting if utterance.interactive), oldest)
