"""What recordings of kept voices were encoded to, as objects beside them: encoded once, by whichever engine met the voice first,
and given to the engines of all workers from then on, also after a restart."""

import io
import json
import logging
import threading
import zipfile
from collections import OrderedDict
from dataclasses import dataclass
from hashlib import sha256

import numpy as np

from speechmill.blobs.seam import Blobs, encoding_key
from speechmill.catalogue import ModelInfo
from speechmill.errors import BlobMissing, BlobsUnavailable
from speechmill.request import ReferenceSpec
from worker.model.reference import PreparedReference

log = logging.getLogger(__name__)

_REMEMBERED = 256
"""In memory, the last used ones: 32 KB each at most."""


@dataclass(frozen=True)
class Encodable:
    """A recording of a tenant's voice, and the model that encodes it; another revision of that makes something else of it."""

    tenant: str
    spec: ReferenceSpec
    model: ModelInfo

    @property
    def key(self) -> str:
        """Codes are made only where it is known what the recording says."""
        parts = [self.spec.sha256, "codes" if self.spec.text else "speaker", self.model.id, self.model.revision]
        return encoding_key(self.tenant, self.spec.voice_id, sha256(json.dumps(parts).encode()).hexdigest())


class Encodings:
    """Of one worker process; any thread."""

    def __init__(self, blobs: Blobs) -> None:
        self._blobs = blobs
        self._lock = threading.Lock()
        self._remembered: OrderedDict[str, PreparedReference] = OrderedDict()

    def find(self, recording: Encodable) -> PreparedReference | None:
        """None where nobody has encoded it, or that cannot be read now: it is encoded again then."""
        key = recording.key
        with self._lock:
            known = self._remembered.get(key)
        if known is not None:
            return known
        try:
            found = read_encoding(self._blobs.read(key).data)
        except (BlobMissing, BlobsUnavailable):
            return None
        except (ValueError, KeyError, EOFError, OSError, zipfile.BadZipFile) as error:
            log.warning("a stored encoding of %s cannot be read: %s", recording.spec.voice_id, error)
            return None
        self._remember(key, found)
        return found

    def keep(self, recording: Encodable, encoded: PreparedReference) -> None:
        """Where storage is away, the next utterance tries again."""
        with self._lock:
            if recording.key in self._remembered:
                return
        try:
            self._blobs.put(recording.key, encoding_bytes(encoded), "application/octet-stream")
        except BlobsUnavailable as error:
            log.warning("cannot keep what %s was encoded to: %s", recording.spec.voice_id, error.message)
            return
        self._remember(recording.key, encoded)

    def _remember(self, key: str, encoded: PreparedReference) -> None:
        with self._lock:
            self._remembered[key] = encoded
            self._remembered.move_to_end(key)
            if len(self._remembered) > _REMEMBERED:
                self._remembered.popitem(last=False)


def encoding_bytes(encoded: PreparedReference) -> bytes:
    """As NumPy's .npz; every number exactly as it was."""
    file = io.BytesIO()
    codes = {} if encoded.codes is None else {"codes": encoded.codes.astype("<i4")}
    np.savez(file, allow_pickle=False, speaker=encoded.speaker.astype("<f4"), sha256=np.array(encoded.sha256), **codes)
    return file.getvalue()


def read_encoding(content: bytes) -> PreparedReference:
    """Raises ValueError, KeyError, EOFError, OSError or BadZipFile where it is damaged."""
    with np.load(io.BytesIO(content), allow_pickle=False) as file:
        return PreparedReference(
            speaker=file["speaker"].astype(np.float32), sha256=str(file["sha256"]),
            codes=file["codes"].astype(np.int32) if "codes" in file.files else None)
