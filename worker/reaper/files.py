"""Files that were uploaded, or that batches left behind, and are kept no longer."""

from speechmill.blobs.seam import Blobs
from speechmill.store import files
from speechmill.store.client import Store
from worker.reaper.deleted import Tally

FILES_A_TURN = 200


def reap_files(store: Store, blobs: Blobs, tally: Tally) -> None:
    """Raises BlobsUnavailable, StoreUnavailable; then all of it is done again at the next turn."""
    expired = store.run(files.expired(FILES_A_TURN))
    if expired:
        blobs.delete_all([file.key for file in expired])
        tally.add("files", len(expired), sum(file.bytes for file in expired))
    for file in expired:
        store.run(files.deleted(file.id, file.tenant))
