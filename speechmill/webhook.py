"""Webhook events: what they say, how they are signed, and when a failed delivery is tried again.

Signatures follow Standard Webhooks 1.0 (https://www.standardwebhooks.com), so every library for it verifies them, and so
does `client.webhooks.unwrap` of OpenAI's SDKs.
"""

import base64
import binascii
import hashlib
import hmac
import json
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from speechmill.errors import InvalidRequest
from speechmill.tenants import LOCAL_TENANT

MAX_BODY_BYTES = 20_000
"""No event is longer, so that a receiver may refuse anything that is."""
OMITTED: dict[str, Any] = {"chapters": [], "errors": None, "warnings": [], "metadata": {}, "authors": [], "output": None}
"""What is left out of a body that would be longer, one after the other until it fits."""
MAX_ERROR_CHARACTERS = 1000
"""Of a job's error message; the whole of it is in the job."""

SECRET_PREFIX = "whsec_"  # noqa: S105 - what secrets start with
SECRET_BYTES = range(24, 65)

LONGEST_PUT_OFF_S = 86_400
"""No receiver can put the next attempt off for longer."""
JITTER = 0.2
"""Up to this share is added to a delay, so that a receiver coming back is not met by all its events at once."""


@dataclass(frozen=True)
class Event:
    """Something that happened to a job."""

    id: str            # "evt_…"; stays through all attempts, so that the receiver can tell a repeat
    type: str          # one of speechmill.request.EVENT_TYPES
    created_ms: int    # Unix milliseconds


def event_body(event: Event, job: Mapping[str, Any]) -> bytes:
    """The JSON to post, UTF-8, at most MAX_BODY_BYTES. `job` is the object that clients get, which has no input.

    A long error message is cut. Where metadata would make the body too long, it is left out and `metadata_omitted` says so; of
    books, so are other parts.
    """
    data = {**job, "error": _shortened(job.get("error"))}
    body = _encode(event, data)
    for field, empty in OMITTED.items():
        if len(body) > MAX_BODY_BYTES and data.get(field):
            data |= {field: empty, f"{field}_omitted": True}
            body = _encode(event, data)
    return body


def signed_headers(event_id: str, at_s: int, body: bytes, keys: Sequence[bytes]) -> dict[str, str]:
    """The three headers of Standard Webhooks for one attempt, made at `at_s` (Unix seconds; receivers allow five minutes).

    One signature for each key: while a secret rotates, the old and the new one both verify.
    """
    signed = b"%s.%d.%s" % (event_id.encode(), at_s, body)
    signatures = (base64.b64encode(hmac.digest(key, signed, hashlib.sha256)).decode() for key in keys)
    return {"webhook-id": event_id, "webhook-timestamp": str(at_s),
            "webhook-signature": " ".join(f"v1,{signature}" for signature in signatures)}


def new_secret() -> str:
    """A new secret as its owner is shown it: whsec_ and 24 random bytes in base64."""
    return SECRET_PREFIX + base64.b64encode(secrets.token_bytes(SECRET_BYTES.start)).decode()


def secret_of(secret: str, tenant: str, name: str = "secret") -> str:
    """What signs a tenant's events. The local tenant's is `secret` itself. Others' are derived from it (HMAC-SHA256, 32 bytes),
    so that nobody who verifies events of their own can sign what another tenant's receivers would believe. Raises InvalidRequest
    that names `name`."""
    if tenant == LOCAL_TENANT:
        return secret
    key = hmac.digest(parse_secret(secret, name), b"speechmill webhook secret of " + tenant.encode(), hashlib.sha256)
    return SECRET_PREFIX + base64.b64encode(key).decode()


def parse_secret(secret: str, name: str = "secret") -> bytes:
    """The key that `secret` stands for. Raises InvalidRequest that names `name`, and never repeats the secret.

    Base64 without its padding is refused: some of the libraries that receivers verify with cannot read it.
    """
    wanted = f"{name} must be {SECRET_PREFIX} and then 24 to 64 bytes in standard base64 with its padding"
    if not secret.startswith(SECRET_PREFIX):
        raise InvalidRequest(f"{wanted}; it does not start with {SECRET_PREFIX}.", param=name)
    try:
        key = base64.b64decode(secret.removeprefix(SECRET_PREFIX), validate=True)
    except (binascii.Error, ValueError):
        raise InvalidRequest(f"{wanted}; what follows {SECRET_PREFIX} is not that.", param=name) from None
    if len(key) not in SECRET_BYTES:
        raise InvalidRequest(f"{wanted}; it holds {len(key)} bytes.", param=name)
    return key


def next_attempt(delays_s: Sequence[float], made: int, jitter: float, retry_after_s: int | None = None) -> float | None:
    """Seconds to wait after `made` attempts before the next one; None when there is none left. `delays_s` has one delay for
    each attempt, counted from the one before.

    `jitter` is a random number in [0, 1). A receiver's Retry-After can put the attempt off, by a day at most; it cannot
    bring it forward.
    """
    if made >= len(delays_s):
        return None
    asked_s = min(retry_after_s or 0, LONGEST_PUT_OFF_S)
    return max(delays_s[made], asked_s) * (1 + JITTER * jitter)


def _encode(event: Event, data: Mapping[str, Any]) -> bytes:
    happened = datetime.fromtimestamp(event.created_ms / 1000, UTC).isoformat(timespec="milliseconds")
    whole = {"id": event.id, "object": "event", "type": event.type, "created_at": event.created_ms // 1000,
             "timestamp": happened.replace("+00:00", "Z"), "data": data}
    # Half a surrogate pair, which JSON can carry and UTF-8 cannot, becomes "?": it must not hold the event back.
    return json.dumps(whole, separators=(",", ":"), ensure_ascii=False).encode("utf-8", "replace")


def _shortened(error: Mapping[str, Any] | None) -> Mapping[str, Any] | None:
    if error is None or len(error["message"]) <= MAX_ERROR_CHARACTERS:
        return error
    return {**error, "message": error["message"][:MAX_ERROR_CHARACTERS - 1] + "…"}
