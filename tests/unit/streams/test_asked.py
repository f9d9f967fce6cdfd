"""Who asks for a stream gets one where somebody stays to listen, and is told so where not."""

from typing import Any

import pytest

from speechmill.catalogue import Catalogue
from speechmill.errors import InvalidRequest
from speechmill.job import JobClass
from speechmill.request import Limits, Parsed, parse_speech
from worker.voices.tone import MODEL

LISTENING = Limits(4096, streams=True)


def parsed(limits: Limits, **body: Any) -> Parsed:
    return parse_speech({"input": "Hello.", **body}, Catalogue(models=(MODEL,)), limits, JobClass.INTERACTIVE)


@pytest.mark.parametrize("stream_format", ["audio", "sse"])
def test_a_stream_that_is_asked_for_is_one(stream_format: str) -> None:
    asked = parsed(LISTENING, stream_format=stream_format)
    assert (asked.spec.streamed, asked.stream_format) == (True, stream_format)


def test_a_request_that_says_nothing_of_it_is_not_streamed() -> None:
    asked = parsed(LISTENING)
    assert (asked.spec.streamed, asked.stream_format) == (False, None)


def test_where_nobody_listens_audio_means_a_file() -> None:
    assert not parsed(Limits(4096), stream_format="audio").spec.streamed


def test_where_nobody_listens_events_are_refused() -> None:
    with pytest.raises(InvalidRequest, match="must be audio") as refused:
        parsed(Limits(4096), stream_format="sse")
    assert refused.value.param == "stream_format"
