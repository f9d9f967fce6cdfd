"""Results of jobs that ended so long ago that they are kept no longer, and what those jobs were made from."""

from speechmill.blobs.seam import Blobs
from speechmill.store import verbs
from speechmill.store.client import Store
from worker.reaper.deleted import Tally

JOBS_A_TURN = 200


def reap_results(store: Store, blobs: Blobs, tally: Tally) -> None:
    """Delete the objects that the records name. What else lies there, of attempts that never counted, the walk finds. Raises
    BlobsUnavailable, StoreUnavailable; then all of it is done again at the next turn."""
    jobs = store.run(verbs.reapable(JOBS_A_TURN))
    objects = [key for job in jobs for key in job.objects]
    if objects:
        blobs.delete_all(objects)
        tally.add("results", len(objects), sum(job.output_bytes for job in jobs))
    for job in jobs:
        store.run(verbs.reaped(job.job_id))
