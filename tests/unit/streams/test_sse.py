"""Events as the standard writes them: whatever is in the data, it is one event."""

import json

import pytest

from producer.streams import sse
from producer.streams.events import event_type
from speechmill.job import Status


@pytest.mark.parametrize("text", ["plain", "two\nlines\r\nand\rmore", "a line separator \u2028 and \x85", "\U0001f600 ☺"])
def test_data_is_one_line_whatever_is_in_it(text: str) -> None:
    written = sse.event({"text": text}, "7-ab")
    head, data, *rest = written.decode().split("\n")
    assert (head, rest) == ("id: 7-ab", ["", ""])
    assert written.decode().splitlines()[1] == data
    assert json.loads(data.removeprefix("data: ")) == {"text": text}


def test_an_event_without_a_mark_has_no_id() -> None:
    assert sse.event({}) == b"data: {}\n\n"


def test_a_heartbeat_is_a_comment() -> None:
    assert sse.HEARTBEAT.startswith(b":")
    assert sse.HEARTBEAT.endswith(b"\n\n")


@pytest.mark.parametrize(("status", "told"), [(Status.QUEUED, "speech.job.queued"), (Status.IN_PROGRESS, "speech.job.progress"),
                                              (Status.COMPLETED, "speech.job.completed")])
def test_events_are_called_as_webhooks_call_them(status: Status, told: str) -> None:
    assert event_type("speech.job", status) == told
