"""Results of jobs that ended so long ago that they are kept no longer, and what those jobs were made from."""

from speechmill.blobs.seam import Blobs, job_prefixes, voice_prefixes
from speechmill.own_voice import is_own
from speechmill.store import verbs
from speechmill.store.client import Store
from speechmill.store.verbs import OutOfDate
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
    for voice in (job for job in jobs if is_own(job.job_id)):
        _delete_voice(blobs, voice, tally)
    for batch in (job for job in jobs if job.job_id.startswith("batch_")):
        _delete_batch(blobs, batch, tally)
    for job in jobs:
        store.run(verbs.reaped(job.job_id))


def _delete_batch(blobs: Blobs, batch: OutOfDate, tally: Tally) -> None:
    """Nobody names the objects of its lines one by one; they all lie in its folders."""
    for prefix in job_prefixes(batch.tenant, batch.job_id):
        tally.add("results", blobs.delete_prefix(prefix), 0)


def _delete_voice(blobs: Blobs, voice: OutOfDate, tally: Tally) -> None:
    """A voice of one's own that failed, or was deleted while somebody spoke with it: all that lies in its folder. Its record
    names only some of it."""
    for prefix in voice_prefixes(voice.tenant, voice.job_id):
        tally.add("voices", blobs.delete_prefix(prefix), 0)
