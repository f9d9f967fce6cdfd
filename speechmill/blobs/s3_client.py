"""boto3 clients as this system wants them: impatient, signing with Signature Version 4, at ease with more servers than AWS."""

from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import boto3
from boto3.s3.transfer import TransferConfig
from botocore.config import Config

from speechmill.settings import BadSettings, S3Settings, variable

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

CONNECTIONS = 48
"""Kept open for reuse: more than the producer's 40 threads, or a worker's slots and their parts, use at once."""

PART_BYTES = 8 * 1024 * 1024
"""Files above this are sent in parts of this size. S3 wants at least 5 MiB a part and at most 10,000 parts."""

PARTS_AT_ONCE = 2


@dataclass(frozen=True)
class Patience:
    """How long one request may take. With boto3's own values a dead endpoint hangs its caller for three minutes."""

    connect_s: float = 2.0
    read_s: float = 10.0
    attempts: int = 2


PATIENCE = Patience()


def s3_clients(settings: S3Settings, patience: Patience = PATIENCE) -> "tuple[S3Client, S3Client]":
    """Two clients: one for `endpoint_url`, and one that signs URLs for the endpoint that clients can reach, and never connects.

    Nothing is connected to yet. Raises BadSettings for an endpoint that is no URL.
    """
    key_id, secret = settings.access_key_id, settings.secret_access_key
    # A session of its own: boto3's default one must not be used by two threads while clients are made.
    session = boto3.session.Session(
        aws_access_key_id=key_id.get_secret_value() if key_id else None,
        aws_secret_access_key=secret.get_secret_value() if secret else None,
        region_name=settings.region)
    public = "public_endpoint_url" if settings.public_endpoint_url else "endpoint_url"
    return _client(session, settings, "endpoint_url", patience), _client(session, settings, public, patience)


def transfers() -> TransferConfig:
    """How files are uploaded: read and sent in pieces, so that memory stays the same for any size."""
    # "auto" would hand uploads to another implementation, with other timeouts, where awscrt happens to be installed.
    return TransferConfig(multipart_threshold=PART_BYTES, multipart_chunksize=PART_BYTES, max_concurrency=PARTS_AT_ONCE,
                          preferred_transfer_client="classic")


def endpoint_name(settings: S3Settings) -> str:
    """The endpoint as messages name it: host and port alone, for a URL may hold a password."""
    if settings.endpoint_url is None:
        return f"AWS ({settings.region})"
    return urlsplit(settings.endpoint_url).netloc.rpartition("@")[2]


def _client(session: boto3.session.Session, settings: S3Settings, setting: str, patience: Patience) -> "S3Client":
    endpoint_url: str | None = getattr(settings, setting)
    config = Config(
        signature_version="s3v4",
        connect_timeout=patience.connect_s, read_timeout=patience.read_s,
        retries={"mode": "standard", "total_max_attempts": patience.attempts},
        max_pool_connections=CONNECTIONS,
    )
    if endpoint_url is not None:
        # A bucket in the path needs no DNS name; and the checksums boto3 adds by default fail over HTTPS on Ceph 16.
        config = config.merge(Config(s3={"addressing_style": "path"}, request_checksum_calculation="when_required",
                                     response_checksum_validation="when_required"))
    try:
        return session.client("s3", endpoint_url=endpoint_url, config=config)
    except ValueError:
        raise BadSettings(f"{variable(('s3', setting))}: must be a URL such as http://127.0.0.1:9000.") from None
