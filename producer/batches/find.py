"""Finding a batch of a tenant's."""

from dataclasses import dataclass
from typing import Any

from producer.desk import Desk
from speechmill.batch_view import batch_view
from speechmill.errors import NotFound
from speechmill.job import Job
from speechmill.store import batches, verbs
from speechmill.store.batches import BatchState


@dataclass(frozen=True)
class Found:
    batch: Job
    state: BatchState

    def view(self) -> dict[str, Any]:
        return batch_view(self.batch, self.state)


async def find_batch(desk: Desk, batch_id: str, tenant: str) -> Found:
    """Raises NotFound, also for another tenant's batch, and for a line."""
    if batch_id.startswith("batch_") and "." not in batch_id:
        batch = await desk.store.run(verbs.look(batch_id, tenant))
        state = await desk.store.run(batches.state(batch_id, tenant))
        if batch and state:
            return Found(batch, state)
    raise batch_not_found(batch_id)


def batch_not_found(batch_id: str) -> NotFound:
    return NotFound(f"There is no batch {batch_id[:80]!r}.", param="batch_id", code="batch_not_found")
