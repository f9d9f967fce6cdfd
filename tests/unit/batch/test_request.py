"""A request for a batch: OpenAI's fields, and how long it may take."""

from typing import Any

import pytest

from speechmill.batch_line import LinePlace, LineSound
from speechmill.batch_request import parse_batch, window_s
from speechmill.blobs.seam import result_key
from speechmill.errors import InvalidRequest
from speechmill.job import JobClass
from speechmill.request import BATCH_EVENTS

GOOD: dict[str, Any] = {"input_file_id": "file-1", "endpoint": "/v1/audio/speech", "completion_window": "24h"}


def test_what_openais_sdk_sends_is_taken() -> None:
    spec = parse_batch({**GOOD, "metadata": {"a": "b"}, "output_expires_after": {"anchor": "created_at", "seconds": 3600}})
    assert (spec.input_file_id, spec.deadline, spec.expires_after, spec.metadata) == ("file-1", 86_400, 3600, {"a": "b"})
    assert spec.klass is JobClass.BATCH


@pytest.mark.parametrize(("window", "seconds"), [
    ("1h", 3600), ("24h", 86_400), ("7d", 604_800), ("30d", 2_592_000), ("90m", 5400), ("1s", 1)])
def test_windows(window: str, seconds: int) -> None:
    assert window_s(window) == seconds


@pytest.mark.parametrize("window", ["", "0h", "h", "24", "1.5h", "31d", "1w", "-1h", "9999999d", " 1h", "1h\n", "٣h"])
def test_windows_that_are_none(window: str) -> None:
    with pytest.raises(InvalidRequest, match="such as 1h, 24h or 7d") as refused:
        window_s(window)
    assert refused.value.param == "completion_window"


@pytest.mark.parametrize(("field", "value"), [
    ("input_file_id", ""), ("input_file_id", None), ("endpoint", "/v1/embeddings"), ("metadata", {"a": 1}),
    ("metadata", {str(n): "v" for n in range(17)}), ("output_expires_after", {"seconds": 5}), ("priority", "low"),
    ("webhook", {"url": ""}), ("webhook", {"url": "https://a.b", "events": ["x"]}), ("metadata", {"a": "\ud800"})])
def test_what_is_wrong_is_named(field: str, value: Any) -> None:
    with pytest.raises(InvalidRequest) as refused:
        parse_batch({**GOOD, field: value})
    assert (refused.value.param or "").startswith(field)


def test_a_webhook_tells_of_the_end_unless_its_client_says_otherwise() -> None:
    told = parse_batch({**GOOD, "webhook": {"url": "https://a.b"}}).webhook
    assert told
    assert told.events == BATCH_EVENTS == ("batch.completed", "batch.failed", "batch.cancelled", "batch.expired")


def test_where_a_line_lies_takes_sixteen_bytes_and_where_its_sound_does_nine() -> None:
    places = [LinePlace(2**40, 2**31, 7), LinePlace(0, 1, 2)]
    assert LinePlace.unpacked(b"".join(place.packed() for place in places)) == places
    sound = LineSound.of(result_key("local", "batch_1.17", 12345, "flac"))
    assert (sound.token, sound.format) == (12345, "flac")
    assert LineSound.unpack(sound.packed()) == sound
    assert (LinePlace.SIZE, LineSound.SIZE) == (16, 9)
