"""A recording that came with a line, stored before the line is spoken, as the producer stores those of single requests."""

from speechmill.blobs.keeping import Keeping
from speechmill.blobs.seam import reference_key
from speechmill.store import reaping
from worker.leases import Lease
from worker.station import Station


def keep_reference(station: Station, lease: Lease, sha256: str, audio: bytes) -> None:
    """Written unless it was lately. Raises BlobsUnavailable, Stopped."""
    key = reference_key(lease.unit.tenant, sha256)
    keeping = Keeping(station.settings.retention.references_s)
    age_s = station.blobs.age_s(key)
    if age_s is not None and age_s < keeping.refresh_s:
        return
    if age_s is not None and age_s >= keeping.kept_s:
        # The reaper is about to delete it, or at it: whichever of us tells Redis first has it.
        while not station.commit(lease, reaping.spare(key)):
            lease.wait(0.5)
    station.upload(lease, key, audio, "application/octet-stream")
