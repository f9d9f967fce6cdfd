"""Whether each tenant's share follows its weight, from what was claimed alone.

Start-time fair queueing promises (Goyal, Vin and Cheng, SIGCOMM 1996, theorem 1): while two tenants both have something queued,
what they were served differs by no more than their two largest units, each in characters over its tenant's weight.
"""

from collections import defaultdict
from dataclasses import dataclass, field
from itertools import combinations


@dataclass
class Shares:
    """One queue's. Say after every verb who has something queued there, and which unit was served."""

    weights: dict[str, int]
    largest: int = 0
    backlogged: frozenset[str] = frozenset()
    _leads: defaultdict[tuple[str, str], float] = field(default_factory=lambda: defaultdict(float))

    def wait(self, tenants: frozenset[str]) -> None:
        """Who has something queued now. A pair is compared from when both have."""
        self.backlogged = tenants
        for pair in list(self._leads):
            if not set(pair) <= tenants:
                del self._leads[pair]
        for pair in combinations(sorted(tenants), 2):
            self._leads[pair] += 0.0

    def served(self, tenant: str, characters: int) -> None:
        """Call it before `wait` tells of the queue without that unit. Raises AssertionError for an unfair share."""
        self.largest = max(self.largest, characters)
        for pair, lead in self._leads.items():
            if tenant in pair:
                lead += characters / self.weights[tenant] * (1 if tenant == pair[0] else -1)
                self._leads[pair] = lead
                bound = sum(self.largest / self.weights[one] for one in pair)
                assert abs(lead) <= bound + 1e-6, f"{pair}: one is {abs(lead):.0f} ahead, over {bound:.0f}"
