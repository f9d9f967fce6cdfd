"""Every error that a client, an operator or another part of speechmill can see.

    SpeechmillError
    ├── InvalidRequest        400  the client must change something; `param` names the field. In `job.error` where only a
    │                              worker could see it: a book has fewer chapters than are asked for
    ├── Unauthorized          401  no API key, or one that is not good (any more)
    ├── Forbidden             403  a signed URL that does not verify, a key that is not for this
    ├── NotFound              404  no such job, voice or route (also: a job of another tenant)
    ├── MethodNotAllowed      405
    ├── Conflict              409  right request, wrong moment (job not completed, already ended)
    ├── Gone                  410  the result existed and has expired
    ├── BodyTooLarge          413
    ├── RangeNotSatisfiable   416
    ├── IdempotencyKeyReused  422  the same key with another body
    ├── QueueFull             429  the tenant has as many jobs waiting, or running, as it may
    ├── RateLimited           429  the tenant has asked as often this minute as it may
    ├── QuotaExceeded         429  the tenant has had as many characters today as it may
    ├── Unavailable           503  Redis, storage or every worker is away; try again
    │   ├── StoreUnavailable
    │   ├── BlobsUnavailable
    │   ├── VoiceUnavailable       what the voice speaks with; the unit goes back uncharged
    │   └── NoCatalogue
    ├── SyncTimeout           504  the job goes on, but the client of a sync call has waited long enough
    ├── StreamBroken               ends a stream in its middle: its attempt was lost, or its client was too slow
    ├── BlobMissing           404  an object that is not in the store
    └── SpeechError                why a unit of work failed; ends up in `job.error`
        ├── LexiconMissing         a lexicon that the request names was deleted since
        ├── Unspeakable            the voice cannot speak this text, and never will
        ├── VoiceRefused           it could, but not so: this speaker, language, style, reference or length; `param` says which
        ├── BadReference           ref_audio is no sound that a voice can be cloned from
        ├── VoiceFailed            the voice broke; another try may work
        ├── EncodingFailed         ffmpeg or libsndfile refused
        └── SegmentMissing         a take that was stored is gone; /retry speaks it again

Two reasons are written by the job store's scripts and never raised: `worker_crashed` (the unit took its worker down three
times) and `deadline_exceeded`.

`code` is what programs compare, `http_status` what the producer answers, `retryable` whether the very same request can
succeed later.
"""

from typing import ClassVar


class SpeechmillError(Exception):
    """An error with a public face. `message` is for people, `code` for programs, `param` names the offending field."""

    code: ClassVar[str] = "internal_error"
    http_status: ClassVar[int] = 500
    type: ClassVar[str] = "server_error"
    retryable: ClassVar[bool] = False

    def __init__(self, message: str, *, param: str | None = None, code: str | None = None,
                 retry_after_s: int | None = None, job_id: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.param = param
        self.public_code = code or self.code
        self.retry_after_s = retry_after_s
        self.job_id = job_id


class InvalidRequest(SpeechmillError):
    code, http_status, type = "invalid_value", 400, "invalid_request_error"


class Unauthorized(SpeechmillError):
    code, http_status, type = "invalid_api_key", 401, "authentication_error"


class Forbidden(SpeechmillError):
    code, http_status, type = "forbidden", 403, "permission_error"


class NotFound(SpeechmillError):
    code, http_status, type = "not_found", 404, "invalid_request_error"


class MethodNotAllowed(SpeechmillError):
    code, http_status, type = "method_not_allowed", 405, "invalid_request_error"


class Conflict(SpeechmillError):
    code, http_status, type = "conflict", 409, "invalid_request_error"


class Gone(SpeechmillError):
    code, http_status, type = "content_expired", 410, "invalid_request_error"


class BodyTooLarge(SpeechmillError):
    code, http_status, type = "body_too_large", 413, "invalid_request_error"


class RangeNotSatisfiable(SpeechmillError):
    code, http_status, type = "range_not_satisfiable", 416, "invalid_request_error"

    def __init__(self, message: str, *, param: str, size: int) -> None:
        super().__init__(message, param=param)
        self.size = size


class IdempotencyKeyReused(SpeechmillError):
    code, http_status, type = "idempotency_key_reused", 422, "invalid_request_error"


class QueueFull(SpeechmillError):
    code, http_status, type, retryable = "queue_full", 429, "rate_limit_error", True


class RateLimited(SpeechmillError):
    code, http_status, type, retryable = "rate_limit_exceeded", 429, "rate_limit_error", True


class QuotaExceeded(SpeechmillError):
    code, http_status, type, retryable = "quota_exceeded", 429, "rate_limit_error", True


class Unavailable(SpeechmillError):
    code, http_status, retryable = "unavailable", 503, True


class StoreUnavailable(Unavailable):
    code = "store_unavailable"


class BlobsUnavailable(Unavailable):
    code = "storage_unavailable"


class VoiceUnavailable(Unavailable):
    code = "voice_unavailable"


class NoCatalogue(Unavailable):
    code = "no_worker_yet"


class SyncTimeout(SpeechmillError):
    code, http_status, type = "sync_timeout", 504, "server_error"


class StreamBroken(SpeechmillError):
    code, retryable = "attempt_lost", True


class BlobMissing(SpeechmillError):
    code, http_status, type = "object_missing", 404, "invalid_request_error"


class SpeechError(SpeechmillError):
    code = "speech_failed"


class LexiconMissing(SpeechError):
    code, type = "lexicon_missing", "invalid_request_error"


class Unspeakable(SpeechError):
    code, type = "unspeakable_text", "invalid_request_error"


class BadReference(SpeechError):
    code, type = "bad_reference", "invalid_request_error"


class VoiceRefused(SpeechError):
    code, type = "voice_refused", "invalid_request_error"


class VoiceFailed(SpeechError):
    code, retryable = "voice_failed", True


class EncodingFailed(SpeechError):
    code, retryable = "encoding_failed", True


class SegmentMissing(SpeechError):
    code = "segment_missing"
