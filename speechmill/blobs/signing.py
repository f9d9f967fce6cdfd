"""Download URLs of the folder store: paths that the producer serves to whoever has them, until they expire.

    /v1/objects/<key>?expires=<Unix seconds>&filename=<name>&type=<media type>&signature=<HMAC-SHA256 in hex>

The signature covers every part, so a URL gives one object, under one name and type, until one moment.
"""

import hashlib
import hmac
import json
from collections.abc import Mapping
from datetime import UTC, datetime
from urllib.parse import quote, urlencode

from speechmill.blobs.download import Download
from speechmill.errors import Forbidden

OBJECTS_PATH = "/v1/objects/"


def signed_path(download: Download, expires: int, secret: str) -> str:
    """The path and query by which `download` may be fetched until `expires` (Unix seconds)."""
    query = {"expires": str(expires), "filename": download.filename, "type": download.content_type,
             "signature": _signature(download, str(expires), secret)}
    return f"{OBJECTS_PATH}{quote(download.key)}?{urlencode(query)}"


def verify(key: str, query: Mapping[str, str], secret: str, now_s: float) -> Download:
    """What the URL of `key` with `query` (both already percent-decoded) gives, at `now_s` (Unix seconds).

    Raises Forbidden: code `url_altered` when any part is missing or is not what was signed, `url_expired` when it is too
    late. Parameters that are not ours are ignored.
    """
    try:
        download = Download(key, query["filename"], query["type"])
        expires, signature = query["expires"], query["signature"]
    except (KeyError, ValueError):
        raise _altered() from None
    # Bytes: compare_digest refuses text outside ASCII with a TypeError.
    if not hmac.compare_digest(_signature(download, expires, secret).encode(), signature.encode(errors="replace")):
        raise _altered()
    if now_s >= int(expires):
        when = datetime.fromtimestamp(int(expires), UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
        raise Forbidden(f"This download URL expired at {when}; ask for the job's content again to get a new one.",
                        code="url_expired")
    return download


def _signature(download: Download, expires: str, secret: str) -> str:
    # JSON keeps the parts apart: no character of one can move into the next.
    message = json.dumps(["speechmill object URL", download.key, expires, download.filename, download.content_type])
    return hmac.new(secret.encode(), message.encode(), hashlib.sha256).hexdigest()


def _altered() -> Forbidden:
    return Forbidden("This download URL was altered or is incomplete: its signature does not match. Use it as it was given.",
                     code="url_altered")
