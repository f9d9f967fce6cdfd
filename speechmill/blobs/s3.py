"""Objects in S3-compatible storage, through boto3. Imported only where storage is S3: boto3 costs 25 MB of memory.

What is asked of a server: PUT, GET with Range, HEAD, DELETE, ListObjectsV2, DeleteObjects, multipart uploads and presigned
GET (Signature Version 4). The contract tests run this against Ceph's gateway and rclone's server.
"""

import hashlib
import io
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from boto3.exceptions import S3UploadFailedError
from botocore.exceptions import ClientError

from speechmill.blobs.download import Download
from speechmill.blobs.s3_age import age_s
from speechmill.blobs.s3_client import PATIENCE, Patience, endpoint_name, s3_clients, transfers
from speechmill.blobs.s3_errors import code_of, is_missing, is_missing_bucket, refusal_of, translated
from speechmill.blobs.s3_stream import ObjectStream
from speechmill.blobs.seam import PAGE_OBJECTS, ROOT, Content, Listed, Page, Stored
from speechmill.errors import BlobMissing, BlobsUnavailable
from speechmill.settings import S3Settings

if TYPE_CHECKING:
    from mypy_boto3_s3.type_defs import HeadObjectOutputTypeDef

BUFFER_BYTES = 64 * 1024


class S3Blobs:
    """Blobs in one bucket, which is made when a write finds it missing: nothing waits for storage at its start.

    Safe to use from many threads. Raises BadSettings for an endpoint that is no URL.
    """

    def __init__(self, settings: S3Settings, patience: Patience = PATIENCE) -> None:
        self._bucket = settings.bucket
        self._region = None if settings.endpoint_url or settings.region == "us-east-1" else settings.region
        self._endpoint = endpoint_name(settings)
        self._client, self._signer = s3_clients(settings, patience)

    def put(self, key: str, source: bytes | Path, content_type: str) -> Stored:
        if isinstance(source, bytes):
            stored = Stored(key, len(source), hashlib.sha256(source).hexdigest())
            self._in_bucket(lambda: self._client.put_object(
                Bucket=self._bucket, Key=key, Body=source, ContentType=content_type))
            return stored
        # Read before it is sent: the parts go side by side, and a digest wants them in order.
        with source.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256")
            stored = Stored(key, file.tell(), digest.hexdigest())
        self._in_bucket(lambda: self._client.upload_file(
            str(source), self._bucket, key, ExtraArgs={"ContentType": content_type}, Config=transfers()))
        return stored

    @contextmanager
    def open(self, key: str, offset: int = 0, length: int | None = None) -> Iterator[BinaryIO]:
        with self._get(key, offset, length) as stream:
            yield stream

    def read(self, key: str) -> Content:
        with self._translated():
            try:
                answer = self._client.get_object(Bucket=self._bucket, Key=key)
            except ClientError as error:
                if is_missing(error):
                    raise BlobMissing(f"There is no object {key!r}.") from None
                raise
            return Content(answer["Body"].read(), age_s(answer["LastModified"], answer))

    def size(self, key: str) -> int | None:
        head = self._head(key)
        return head["ContentLength"] if head else None

    def age_s(self, key: str) -> float | None:
        head = self._head(key)
        return age_s(head["LastModified"], head) if head else None

    def page(self, prefix: str, after: str = "", limit: int = PAGE_OBJECTS) -> Page:
        _check_prefix(prefix)
        with self._translated():
            try:
                answer = self._client.list_objects_v2(Bucket=self._bucket, Prefix=prefix, StartAfter=after, MaxKeys=limit)
            except ClientError as error:
                if is_missing_bucket(error):
                    return Page(())
                raise
        # Some servers know neither StartAfter nor MaxKeys: rclone lists all there is.
        found = sorted((entry for entry in answer.get("Contents", []) if entry["Key"] > after), key=lambda entry: entry["Key"])
        if answer["IsTruncated"] and not found:
            raise BlobsUnavailable(f"The S3 storage at {self._endpoint} cannot list from a given key on (StartAfter).")
        objects = tuple(Listed(entry["Key"], entry["Size"], age_s(entry["LastModified"], answer)) for entry in found[:limit])
        return Page(objects, objects[-1].key if answer["IsTruncated"] or len(found) > limit else "")

    def delete(self, key: str) -> None:
        with self._translated():
            try:
                self._client.delete_object(Bucket=self._bucket, Key=key)
            except ClientError as error:
                if not is_missing(error):
                    raise

    def delete_all(self, keys: Sequence[str]) -> None:
        with self._translated():
            try:
                for first in range(0, len(keys), PAGE_OBJECTS):
                    self._delete_all(list(keys[first:first + PAGE_OBJECTS]))
            except ClientError as error:
                if not is_missing_bucket(error):
                    raise

    def drop_unfinished(self, older_than_s: float) -> int:
        """Multipart uploads: nobody sees their parts, but all pay for them."""
        n_dropped = 0
        with self._translated():
            try:
                for page in self._client.get_paginator("list_multipart_uploads").paginate(Bucket=self._bucket, Prefix=ROOT):
                    for upload in page.get("Uploads", []):
                        if age_s(upload["Initiated"], page) > older_than_s:
                            n_dropped += self._abort(upload["Key"], upload["UploadId"])
            except ClientError as error:
                # NoSuchUpload: rclone's word for a bucket in which there never was one.
                if not is_missing_bucket(error) and code_of(error) not in ("NoSuchUpload", "NotImplemented"):
                    raise
        return n_dropped

    def delete_prefix(self, prefix: str) -> int:
        _check_prefix(prefix)
        n_deleted = 0
        with self._translated():
            try:
                for page in self._client.get_paginator("list_objects_v2").paginate(Bucket=self._bucket, Prefix=prefix):
                    n_deleted += self._delete_all([entry["Key"] for entry in page.get("Contents", [])])
            except ClientError as error:
                if not is_missing_bucket(error):
                    raise
        return n_deleted

    def url(self, key: str, *, ttl_s: int, filename: str, content_type: str) -> str:
        download = Download(key, filename, content_type)
        with self._translated():
            return self._signer.generate_presigned_url("get_object", ExpiresIn=ttl_s, Params={
                "Bucket": self._bucket, "Key": key, "ResponseContentType": content_type,
                "ResponseContentDisposition": download.content_disposition})

    def uri(self, key: str) -> str:
        return f"s3://{self._bucket}/{key}"

    def check(self) -> None:
        self.put("probe", b"speechmill", "text/plain")

    def _get(self, key: str, offset: int, length: int | None) -> BinaryIO:
        if length == 0:  # HTTP has no range of no bytes
            return self._nothing_of(key)
        whole = offset == 0 and length is None
        with self._translated():
            try:
                if whole:
                    answer = self._client.get_object(Bucket=self._bucket, Key=key)
                else:
                    answer = self._client.get_object(Bucket=self._bucket, Key=key, Range=_range(offset, length))
            except ClientError as error:
                if is_missing(error):
                    raise BlobMissing(f"There is no object {key!r}.") from None
                if code_of(error) == "InvalidRange":  # it starts at the end of the object, or behind
                    return self._nothing_of(key)
                raise
        # Some send the whole object when asked for a part of it. (Not 206: rclone says 200 with a part.)
        if not whole and not answer.get("ContentRange", "").startswith(f"bytes {offset}-"):
            answer["Body"].close()
            raise BlobsUnavailable(f"The S3 storage at {self._endpoint} does not answer requests with Range.")
        if "content-length" not in answer["ResponseMetadata"]["HTTPHeaders"]:
            answer["Body"].close()
            raise BlobsUnavailable(f"The S3 storage at {self._endpoint} sends objects without their length.")
        return io.BufferedReader(ObjectStream(answer["Body"], self._endpoint), BUFFER_BYTES)

    def _head(self, key: str) -> "HeadObjectOutputTypeDef | None":
        with self._translated():
            try:
                return self._client.head_object(Bucket=self._bucket, Key=key)
            except ClientError as error:
                if is_missing(error):
                    return None
                raise

    def _nothing_of(self, key: str) -> BinaryIO:
        if self.size(key) is None:
            raise BlobMissing(f"There is no object {key!r}.")
        return io.BytesIO()

    def _abort(self, key: str, upload_id: str) -> bool:
        try:
            self._client.abort_multipart_upload(Bucket=self._bucket, Key=key, UploadId=upload_id)
        except ClientError as error:
            if code_of(error) != "NoSuchUpload":  # it was finished meanwhile
                raise
            return False
        return True

    def _delete_all(self, keys: list[str]) -> int:
        if not keys:
            return 0
        answer = self._client.delete_objects(Bucket=self._bucket, Delete={
            "Objects": [{"Key": key} for key in keys], "Quiet": True})
        refused = answer.get("Errors", [])
        if refused:
            raise BlobsUnavailable(f"The S3 storage at {self._endpoint} refused to delete {len(refused)} of {len(keys)} "
                                   f"objects: {refused[0].get('Code', 'no reason given')}.")
        return len(keys)

    def _in_bucket(self, write: Callable[[], object]) -> None:
        with self._translated():
            try:
                write()
            except (ClientError, S3UploadFailedError) as error:
                if not is_missing_bucket(refusal_of(error)):
                    raise
                self._make_bucket()
                write()

    def _make_bucket(self) -> None:
        try:
            if self._region is None:
                self._client.create_bucket(Bucket=self._bucket)
            else:  # AWS wants to be told of every region but its first; other servers want not to be
                self._client.create_bucket(Bucket=self._bucket, CreateBucketConfiguration={
                    "LocationConstraint": self._region})  # type: ignore[typeddict-item]  # a list of AWS's regions
        except ClientError as error:
            if code_of(error) not in ("BucketAlreadyOwnedByYou", "BucketAlreadyExists"):  # another process was faster
                raise

    def _translated(self) -> AbstractContextManager[None]:
        return translated(self._endpoint)


def _check_prefix(prefix: str) -> None:
    if not prefix.endswith("/"):
        raise ValueError(f"a prefix ends in a slash, or it would match the names of others: {prefix!r}")


def _range(offset: int, length: int | None) -> str:
    """RFC 9110 §14.1.2: both ends are part of the range."""
    return f"bytes={offset}-" if length is None else f"bytes={offset}-{offset + length - 1}"
