"""What one launch computes, and for how many rows."""

from collections.abc import Mapping
from dataclasses import dataclass

from worker.model.config import CheckpointConfig

ROWS = (16, 32, 64)
"""Rows that a kernel is compiled for; fewer leave the rest of it empty."""
FEWEST_ROWS = 9
"""H200: 8 rows take 1.75 ms in one launch, 16 rows 1.76. Kernel after kernel 4 take 1.8, 16 take 2.5."""


@dataclass(frozen=True)
class Sizes:
    """Of a code predictor; `vocabulary` is that of codes 1 to 15."""

    n_layers: int
    n_codes: int
    hidden: int
    n_heads: int
    n_kv_heads: int
    head_dim: int
    intermediate: int
    vocabulary: int

    @property
    def qkv(self) -> int:
        return (self.n_heads + 2 * self.n_kv_heads) * self.head_dim

    @property
    def n_meetings(self) -> int:
        """How often all blocks wait for each other: five times a layer, before and after each draw, and once a head."""
        return self.n_codes * (5 * self.n_layers + 2) - 1

    def defines(self, n_rows: int) -> Mapping[str, int]:
        """What cuda/shape.cuh wants to be defined."""
        return {
            "ROWS": n_rows, "N_LAYERS": self.n_layers, "N_CODES": self.n_codes, "HIDDEN": self.hidden, "N_HEADS": self.n_heads,
            "N_KV_HEADS": self.n_kv_heads, "HEAD_DIM": self.head_dim, "INTERMEDIATE": self.intermediate,
            "VOCABULARY": self.vocabulary,
        }


RELEASED = Sizes(n_layers=5, n_codes=16, hidden=1024, n_heads=16, n_kv_heads=8, head_dim=128, intermediate=3072, vocabulary=2048)
"""The released checkpoints' code predictor. Blocks' shares are cut for it; only the number of layers may be another."""


def sizes_of(config: CheckpointConfig) -> Sizes:
    c = config.predictor
    return Sizes(
        n_layers=c.n_layers, n_codes=config.n_codes, hidden=c.hidden_size, n_heads=c.n_heads, n_kv_heads=c.n_kv_heads,
        head_dim=c.head_dim, intermediate=c.intermediate_size, vocabulary=config.predictor_vocab_size,
    )
