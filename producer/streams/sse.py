"""Server-sent events, as the HTML standard writes them (§9.2.5): what `EventSource` and the OpenAI SDKs read."""

import json
from typing import Any

HEADERS = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
"""No cache keeps them, and nginx does not gather them."""
MEDIA_TYPE = "text/event-stream"
HEARTBEAT = b":\n\n"
"""A comment: it says that the connection lives, and programs never see it."""


def event(data: dict[str, Any], mark: str = "") -> bytes:
    """`data` as one event. `mark` is its id, without line ends, which a client that comes back sends as Last-Event-ID."""
    # ASCII has none of the line ends that would cut it.
    text = json.dumps(data, separators=(",", ":"), ensure_ascii=True)
    return f"{f'id: {mark}' + chr(10) if mark else ''}data: {text}\n\n".encode()
