"""Voices to clone, as a worker's voice takes them: read from storage and decoded once, for all segments of a job."""

import threading
from collections import OrderedDict
from concurrent.futures import Future

import numpy as np

from speechmill.blobs.seam import Blobs, recording_key, reference_key
from speechmill.catalogue import ModelInfo
from speechmill.errors import BadReference, BlobMissing
from speechmill.request import ReferenceSpec
from worker.encodings import Encodable, Encodings
from worker.engine.speaker import Reference
from worker.model.reference import PreparedReference
from worker.reference_audio import decode_reference
from worker.voices.seam import Pcm

_NO_SOUND: Pcm = np.zeros(0, np.float32)

_KEPT = 16
"""Recordings in memory, the last used ones: 2.9 MB each at most."""


class References:
    """Of one worker process; any thread."""

    def __init__(self, blobs: Blobs) -> None:
        self._blobs = blobs
        self._lock = threading.Lock()
        self._decoded: OrderedDict[str, Future[Pcm]] = OrderedDict()
        self._encodings = Encodings(blobs)

    def get(self, tenant: str, spec: ReferenceSpec, encoded_by: ModelInfo | None = None) -> Reference:
        """`encoded_by`: the model that speaks with it, if its voice takes what it encoded recordings of kept voices to before.
        Raises BadReference (it is gone, or no sound), BlobsUnavailable."""
        if not spec.voice_id or encoded_by is None:
            return Reference(self._sound(tenant, spec), spec.text)
        prepared = self._encodings.find(Encodable(tenant, spec, encoded_by))
        if prepared is not None:
            return Reference(_NO_SOUND, spec.text, prepared=prepared)
        return Reference(self._sound(tenant, spec), spec.text, is_kept=True)

    def keep(self, tenant: str, spec: ReferenceSpec, encoded_by: ModelInfo, encoded: PreparedReference) -> None:
        """For all who speak with it from now on, here and elsewhere."""
        self._encodings.keep(Encodable(tenant, spec, encoded_by), encoded)

    def _sound(self, tenant: str, spec: ReferenceSpec) -> Pcm:
        key = recording_key(tenant, spec.voice_id, spec.sha256) if spec.voice_id else reference_key(tenant, spec.sha256)
        with self._lock:
            known = self._decoded.get(key)
            decoded = self._decoded[key] = known or Future()
            self._decoded.move_to_end(key)
            if len(self._decoded) > _KEPT:
                self._decoded.popitem(last=False)
        if known is None:
            self._decode(key, decoded)
        # A job's segments ask for the same one at once: whoever comes first decodes for all, and holds up nobody else's.
        return decoded.result()

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
            raise BadReference("The recording of this job's voice is no longer in storage: it was deleted, or not used for long. "
                               "Name another voice, or send ref_audio again.", param="ref_audio") from None
