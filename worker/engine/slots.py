"""The slots: who has one, and who may take one. No torch.

Some slots are kept for interactive utterances. An interactive utterance in flight counts against them, whichever slot it has:
batch utterances have at most n_slots - interactive_slots at any time, interactive ones any slot that is free.
"""


class Slots:
    """A free list of n_slots, of which `interactive_slots` are kept."""

    def __init__(self, n_slots: int, interactive_slots: int) -> None:
        if not 0 <= interactive_slots < n_slots:
            raise ValueError(f"interactive_slots is {interactive_slots} of {n_slots} slots: at least one must be left for batch")
        self.n_slots = n_slots
        self.interactive_slots = interactive_slots
        self._free = list(reversed(range(n_slots)))  # low slots first
        self._used: dict[int, bool] = {}             # slot: whether interactive
        self._n_interactive = 0                      # counted along: asked for several times a join, of 1,000 slots

    @property
    def n_free(self) -> int:
        return len(self._free)

    @property
    def n_interactive(self) -> int:
        """How many interactive utterances have a slot."""
        return self._n_interactive

    @property
    def n_free_for_batch(self) -> int:
        n_batch = len(self._used) - self.n_interactive
        return min(self.n_free, self.n_slots - self.interactive_slots - n_batch)

    def take(self, *, interactive: bool) -> int:
        """A free slot. Raises RuntimeError where the rule above allows none: ask first."""
        if self.n_free == 0 or not (interactive or self.n_free_for_batch > 0):
            raise RuntimeError(f"no slot is free for {'an interactive' if interactive else 'a batch'} utterance")
        slot = self._free.pop()
        self._used[slot] = interactive
        self._n_interactive += interactive
        return slot

    def give_back(self, slot: int) -> None:
        if slot not in self._used:
            raise RuntimeError(f"slot {slot} was given back, but nobody has it")
        self._n_interactive -= self._used.pop(slot)
        self._free.append(slot)

    def check_integrity(self) -> None:
        """Raises RuntimeError unless every slot is free or used, and once."""
        if sorted([*self._free, *self._used]) != list(range(self.n_slots)):
            raise RuntimeError(f"slots are lost or doubled: {sorted(self._free)} free and {sorted(self._used)} used "
                               f"of {self.n_slots}")
        if (n_interactive := sum(self._used.values())) != self._n_interactive:
            raise RuntimeError(f"{n_interactive} slots are interactive utterances', but {self._n_interactive} were counted")
