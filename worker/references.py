"""Voices to clone, as a worker's voice takes them: read from storage and decoded once, for all segments of a job."""

import threading
from collections import OrderedDict
from concurrent.futures import Future

from speechmill.blobs.seam import Blobs, reference_key
from speechmill.errors import BadReference, BlobMissing
from speechmill.request import ReferenceSpec
from worker.engine.speaker import Reference
from worker.reference_audio import decode_reference
from worker.voices.seam import Pcm

_KEPT = 16
"""Recordings in memory, the last used ones: 2.9 MB each at most."""


class References:
    """Of one worker process; any thread."""

    def __init__(self, blobs: Blobs) -> None:
        self._blobs = blobs
        self._lock = threading.Lock()
        self._decoded: OrderedDict[str, Future[Pcm]] = OrderedDict()

    def get(self, tenant: str, spec: ReferenceSpec) -> Reference:
        """Raises BadReference (it is gone, or no sound), BlobsUnavailable."""
        key = reference_key(tenant, spec.sha256)
        with self._lock:
            known = self._decoded.get(key)
            decoded = self._decoded[key] = known or Future()
            self._decoded.move_to_end(key)
            if len(self._decoded) > _KEPT:
                self._decoded.popitem(last=False)
        if known is None:
            self._decode(key, decoded)
        # A job's segments ask for the same one at once: whoever comes first decodes for all, and holds up nobody else's.
        return Reference(decoded.result(), spec.text)

    def _decode(self, key: str, decoded: Future[Pcm]) -> None:
        """What fails, fails for all who wait for it now, and is tried again for whoever comes later."""
        try:
            decoded.set_result(self._read(key))
        except BaseException as error:
            with self._lock:
                if self._decoded.get(key) is decoded:
                    del self._decoded[key]
            decoded.set_exception(error)

    def _read(self, key: str) -> Pcm:
        try:
            with self._blobs.open(key) as stream:
                return decode_reference(stream.read())
        except BlobMissing:
            raise BadReference("The recording of this job's voice is no longer in storage; send ref_audio again.",
                               param="ref_audio") from None
