"""What a client of server-sent events hears."""

import base64
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Event:
    """`id` as it would be sent back as Last-Event-ID."""

    id: str
    data: dict[str, Any]

    @property
    def type(self) -> str:
        return str(self.data["type"])


def events(lines: Iterable[str]) -> Iterator[Event]:
    """Lines without their ends, as the HTML standard reads them: an empty line ends an event, and a comment is passed over."""
    last_id, data = "", ""
    for line in lines:
        field, _, value = line.partition(":")
        if field == "id":
            last_id = value.strip()
        elif field == "data":
            data = value.strip()
        elif not line and data:
            yield Event(last_id, json.loads(data))
            data = ""


def sound_of(heard: Iterable[Event]) -> bytes:
    return b"".join(base64.b64decode(event.data["audio"]) for event in heard if event.type == "speech.audio.delta")
