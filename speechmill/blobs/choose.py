"""Which store the settings ask for."""

from speechmill.blobs.folder import FolderBlobs
from speechmill.blobs.seam import Blobs
from speechmill.settings import BadSettings, Settings

SHORTEST_SECRET = 16


def open_blobs(settings: Settings) -> Blobs:
    """The store for `settings`; asks nothing of a network. Raises BadSettings for a URL secret that is too short or an
    endpoint that is no URL, and BlobsUnavailable when the folder can't be made."""
    if settings.blobs.kind == "s3":
        from speechmill.blobs.s3 import S3Blobs  # boto3 costs 25 MB, which whoever keeps objects in a folder need not pay

        return S3Blobs(settings.s3)
    secret = settings.blobs.url_secret.get_secret_value()
    if len(secret) < SHORTEST_SECRET:
        raise BadSettings(f"SPEECHMILL_BLOBS__URL_SECRET: must have at least {SHORTEST_SECRET} characters, e.g. the output "
                          "of `openssl rand -hex 32`; it signs the download URLs of SPEECHMILL_BLOBS__KIND=folder.")
    return FolderBlobs(settings.blobs.folder, secret)
