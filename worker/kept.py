"""Takes that were spoken before, found in storage under their content key, and kept there because they are used."""

import io
import logging

from speechmill.blobs.keeping import Keeping
from speechmill.blobs.seam import Content, segment_key
from speechmill.errors import BlobMissing, BlobsUnavailable, EncodingFailed
from speechmill.store import reaping
from worker.encode import read_lossless
from worker.leases import Lease
from worker.station import Station
from worker.take_note import Note, read_note
from worker.voices.seam import Pcm

log = logging.getLogger(__name__)


def stored_note(station: Station, lease: Lease, content_key: str) -> Note | None:
    """What is known of the sound stored under a content key, which lies there whole and is kept; None where it must be listened
    to, or spoken. Raises Stopped."""
    key = segment_key(lease.unit.tenant, content_key)
    try:
        found = station.blobs.read(key)
        note = read_note(found.data)
        if note:
            _keep(station, lease, key, found)
    except (BlobMissing, BlobsUnavailable):
        return None
    return note


def stored_take(station: Station, lease: Lease, content_key: str) -> Pcm | None:
    """The sound stored under a content key, float32 [n_samples]; None where there is none that can be read and kept. Raises
    Stopped."""
    key = segment_key(lease.unit.tenant, content_key)
    try:
        found = station.blobs.read(key)
        pcm = read_lossless(io.BytesIO(found.data))
        _keep(station, lease, key, found)
    except (BlobMissing, BlobsUnavailable, EncodingFailed):
        return None
    return pcm


def _keep(station: Station, lease: Lease, key: str, found: Content) -> None:
    """Give it a new date before the reaper takes it. Raises BlobsUnavailable when it may be gone before it is used."""
    keeping = Keeping(station.settings.retention.segments_s)
    if found.age_s < keeping.refresh_s:
        return
    at_risk = found.age_s >= keeping.kept_s
    if at_risk:
        # The reaper is about to come by, or is here: whichever of us tells Redis first has it. (It is here for seconds at most.)
        while not station.commit(lease, reaping.spare(key)):
            lease.wait(0.5)
    try:
        station.blobs.put(key, found.data, "audio/flac")
    except BlobsUnavailable as error:
        log.warning("cannot give a segment a new date: %s", error.message)
        if at_risk:
            raise
