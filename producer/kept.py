"""What comes with requests and is shared by them, under its content's hash: stored before the job that needs it, and kept as long
as requests keep coming with it (speechmill/blobs/keeping.py)."""

from dataclasses import dataclass
from pathlib import Path

from producer.desk import Desk
from speechmill.blobs.keeping import Keeping
from speechmill.errors import BlobsUnavailable
from speechmill.store import reaping


@dataclass(frozen=True)
class Shared:
    """An object, how long it is kept after its last use, seconds, and what its client calls it."""

    key: str
    kept_s: int
    name: str


async def is_fresh(desk: Desk, shared: Shared) -> bool:
    """Whether it is there, and was written so lately that a job may rely on it."""
    age_s = await desk.storage.run(lambda: desk.storage.blobs.age_s(shared.key))
    return age_s is not None and age_s < Keeping(shared.kept_s).refresh_s


async def keep(desk: Desk, shared: Shared, content: bytes | Path) -> None:
    """A thousand requests with one content store it once, and again when it was last written so long ago that it may soon be
    gone. Raises BlobsUnavailable, StoreUnavailable."""
    keeping = Keeping(shared.kept_s)
    age_s = await desk.storage.run(lambda: desk.storage.blobs.age_s(shared.key))
    if age_s is not None and age_s < keeping.refresh_s:
        return
    if age_s is not None and age_s >= keeping.kept_s and not await desk.store.run(reaping.spare(shared.key)):
        raise BlobsUnavailable(f"{shared.name} is just being deleted, as it had not been used for long; try again.",
                               retry_after_s=2)
    await desk.storage.run(lambda: desk.storage.blobs.put(shared.key, content, "application/octet-stream"))
