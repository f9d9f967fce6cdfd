"""Voices to clone that come with a request."""

from producer.desk import Desk
from producer.kept import Shared, keep
from speechmill.blobs.seam import reference_key
from speechmill.request import ReferenceSpec


async def keep_reference(desk: Desk, tenant: str, reference: ReferenceSpec, audio: bytes) -> None:
    """A book of a thousand requests with one voice stores it once. Raises BlobsUnavailable, StoreUnavailable."""
    kept_s = desk.settings.retention.references_s
    await keep(desk, Shared(reference_key(tenant, reference.sha256), kept_s, "The recording in ref_audio"), audio)
