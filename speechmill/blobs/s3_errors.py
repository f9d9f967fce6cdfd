"""What boto3 raises, turned into errors of the seam. Messages name the endpoint and the cause, never a credential."""

from collections.abc import Iterator
from contextlib import contextmanager

from boto3.exceptions import S3UploadFailedError
from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    ConnectionClosedError,
    ConnectTimeoutError,
    EndpointConnectionError,
    IncompleteReadError,
    NoCredentialsError,
    PartialCredentialsError,
    ReadTimeoutError,
    ResponseStreamingError,
    SSLError,
)
from botocore.parsers import ResponseParserError
from urllib3.exceptions import HTTPError

from speechmill.errors import BlobsUnavailable

_CAUSES: tuple[tuple[type[Exception] | tuple[type[Exception], ...], str], ...] = (
    (EndpointConnectionError, "nothing answers there"),
    (ConnectTimeoutError, "it does not accept connections"),
    (ReadTimeoutError, "it did not answer in time"),
    ((ConnectionClosedError, ResponseStreamingError, IncompleteReadError), "it broke the connection off"),
    (SSLError, "its TLS certificate or protocol is not accepted"),
    ((NoCredentialsError, PartialCredentialsError),
     "there are no credentials; set SPEECHMILL_S3__ACCESS_KEY_ID and SPEECHMILL_S3__SECRET_ACCESS_KEY"),
    (ResponseParserError, "its answer is not S3's"),
)
_ENDLESS = "it redirects to another address"


@contextmanager
def translated(endpoint: str) -> Iterator[None]:
    """Turns every failure of a call to the storage at `endpoint` into BlobsUnavailable."""
    try:
        yield
    except S3UploadFailedError as error:
        raise _refused(endpoint, refusal_of(error)) from error
    except ClientError as error:
        raise _refused(endpoint, error) from error
    except (BotoCoreError, ResponseParserError, HTTPError, RecursionError) as error:
        cause = _ENDLESS if _went_round(error) else \
            next((words for kind, words in _CAUSES if isinstance(error, kind)), type(error).__name__)
        raise BlobsUnavailable(f"The S3 storage at {endpoint} can't be used: {cause}.") from error


def _went_round(error: BaseException | None) -> bool:
    """boto3 asks a server that redirects for the bucket's region, which is redirected, for which it asks for the region … until
    the stack ends, somewhere; and what is raised there may be told as trouble of another kind."""
    seen = 0
    while error is not None and seen < 1000:
        if isinstance(error, RecursionError):
            return True
        error, seen = error.__cause__ or error.__context__, seen + 1
    return False


def refusal_of(error: ClientError | S3UploadFailedError) -> ClientError | None:
    """The server's refusal. `upload_file` raises one of its own instead, and keeps the refusal only as its context."""
    if isinstance(error, ClientError):
        return error
    return error.__context__ if isinstance(error.__context__, ClientError) else None


def is_missing(error: ClientError) -> bool:
    """Whether the object, or its whole bucket, is not there. Only HEAD, whose answer has no body, may say no more than 404:
    from another call that is a web server which is not S3."""
    return code_of(error) in ("NoSuchKey", "NoSuchBucket") or (error.operation_name == "HeadObject" and code_of(error) == "404")


def is_missing_bucket(error: ClientError | None) -> bool:
    return error is not None and code_of(error) == "NoSuchBucket"


def code_of(error: ClientError) -> str:
    """S3's error code, e.g. AccessDenied, or the HTTP status where an answer has no body."""
    return str(error.response.get("Error", {}).get("Code", ""))


def _refused(endpoint: str, error: ClientError | None) -> BlobsUnavailable:
    if error is None:
        return BlobsUnavailable(f"The S3 storage at {endpoint} refused an upload.")
    status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
    return BlobsUnavailable(
        f"The S3 storage at {endpoint} refused {error.operation_name}: {code_of(error)} (HTTP {status}).")
