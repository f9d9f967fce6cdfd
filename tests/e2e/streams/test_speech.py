"""Speech that is heard while it is made: with the OpenAI SDK, in all formats; what was heard is what the job has."""

import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args

import httpx
import openai
import pytest

from speechmill.request import CONTENT_TYPES, AudioFormat
from tests.e2e.held import held
from tests.e2e.stack import Stack
from tests.e2e.streams.listener import Event, events, sound_of
from tests.unit.audio.sound import decoded
from worker.voices.seam import SAMPLE_RATE_HZ

FORMATS: tuple[AudioFormat, ...] = get_args(AudioFormat)
LONG = "This is a sentence of a text that is longer than any one segment. " * 9


@pytest.fixture
def sdk(stack: Stack) -> Iterator[openai.OpenAI]:
    with openai.OpenAI(base_url=f"{stack.base_url}/v1", api_key="none", max_retries=0) as client:
        yield client


def sha256(sound: bytes) -> str:
    return hashlib.sha256(sound).hexdigest()


@pytest.mark.parametrize("format", FORMATS)
def test_the_sdk_writes_streamed_audio_to_a_file_that_is_the_jobs_result(
        stack: Stack, sdk: openai.OpenAI, tmp_path: Path, format: AudioFormat) -> None:
    path = tmp_path / f"speech.{format}"
    with sdk.audio.speech.with_streaming_response.create(model="tts-1", voice="alloy", input=f"{LONG} {format}",
                                                         response_format=format, stream_format="audio") as answer:
        answer.stream_to_file(path)
    job = stack.job(answer.headers["x-speech-job-id"])
    assert answer.headers["content-type"] == CONTENT_TYPES[format]
    assert "content-length" not in answer.headers
    assert job["status"] == "completed"
    assert job["output"]["sha256"] == sha256(path.read_bytes()) == sha256(stack.audio(job["id"]))
    if format != "pcm":
        assert len(decoded(path)) / SAMPLE_RATE_HZ == pytest.approx(job["output"]["duration_seconds"], abs=0.001)


@pytest.mark.parametrize("format", FORMATS)
def test_the_sdk_hears_events_and_the_last_one_says_what_was_used(
        stack: Stack, sdk: openai.OpenAI, format: AudioFormat) -> None:
    text = f"{LONG} Told in events, as {format}."
    with sdk.audio.speech.with_streaming_response.create(model="tts-1", voice="alloy", input=text, response_format=format,
                                                         stream_format="sse") as answer:
        heard = list(events(answer.iter_lines()))
    job = stack.job(answer.headers["x-speech-job-id"])
    assert answer.headers["content-type"].startswith("text/event-stream")
    assert answer.headers["cache-control"] == "no-store"
    assert {event.type for event in heard[:-1]} == {"speech.audio.delta"}
    assert len(heard) > 2
    assert sha256(sound_of(heard)) == job["output"]["sha256"]
    done = heard[-1].data
    assert done["type"] == "speech.audio.done"
    assert done["usage"]["input_tokens"] == len(text)
    assert done["usage"]["total_tokens"] == done["usage"]["input_tokens"] + done["usage"]["output_tokens"]
    assert done["usage"]["audio_seconds"] == job["output"]["duration_seconds"]


def test_at_another_speed_it_is_as_much_shorter(stack: Stack) -> None:
    plain, fast = (streamed(stack, input=f"{LONG} Speed.", speed=speed, response_format="pcm") for speed in (1, 2))
    assert len(sound_of(fast)) == pytest.approx(len(sound_of(plain)) / 2, rel=0.05)


def test_sound_that_was_spoken_before_is_streamed_from_the_store(stack: Stack) -> None:
    first = streamed(stack, input=f"{LONG} Twice.", response_format="flac")
    before = stack.metric("speech_segments_total", result="spoken")
    again = streamed(stack, input=f"{LONG} Twice.", response_format="pcm")
    assert stack.metric("speech_segments_total", result="spoken") == before
    assert again[-1].data["usage"]["audio_seconds"] == pytest.approx(first[-1].data["usage"]["audio_seconds"], abs=0.2)


def test_the_same_key_again_hears_the_same_job(stack: Stack) -> None:
    body = {"input": f"{LONG} The same.", "response_format": "mp3", "stream_format": "sse"}
    with stack.http as http:
        first, again = (http.post("/v1/audio/speech", json=body, headers={"Idempotency-Key": "streamed"}) for _ in range(2))
    assert first.headers["x-speech-job-id"] == again.headers["x-speech-job-id"]
    assert again.headers["idempotent-replayed"] == "true"
    assert sound_of(events(first.text.split("\n"))) == sound_of(events(again.text.split("\n")))


def test_without_stream_format_it_is_a_whole_file(stack: Stack) -> None:
    with stack.http as http:
        answer = http.post("/v1/audio/speech", json={"input": "Not streamed."})
    assert int(answer.headers["content-length"]) == len(answer.content)


@pytest.mark.parametrize(("body", "status", "param"), [
    ({"input": ""}, 400, "input"),
    ({"input": "x" * 4097}, 400, "input"),
    ({"stream_format": "chunks"}, 400, "stream_format"),
    ({"model": "nobody"}, 400, "model"),
])
def test_before_the_first_sound_errors_are_plain_answers(stack: Stack, body: dict[str, Any], status: int, param: str) -> None:
    with stack.http as http:
        answer = http.post("/v1/audio/speech", json={"input": "Hello.", "stream_format": "sse", **body})
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["error"]["param"] == param


def test_events_are_refused_where_nobody_stays_to_listen(stack: Stack) -> None:
    with stack.http as http:
        answer = http.post("/v1/audio/speech/jobs", json={"input": "Hello.", "stream_format": "sse"})
    assert (answer.status_code, answer.json()["error"]["param"]) == (400, "stream_format")


def test_the_first_sound_comes_before_the_last_is_made(mill: Stack) -> None:
    """The job is not completed when its first event is there."""
    with held(mill), mill.http as http, http.stream("POST", "/v1/audio/speech", json={
            "input": f"{LONG} It is HELD here.", "response_format": "opus", "stream_format": "sse"}) as answer:
        heard = events(answer.iter_lines())
        assert next(heard).type == "speech.audio.delta"
        assert mill.job(answer.headers["x-speech-job-id"])["status"] == "in_progress"
        (mill.folder / "held").unlink()
        assert list(heard)[-1].type == "speech.audio.done"


def streamed(stack: Stack, **body: Any) -> list[Event]:
    with httpx.Client(base_url=stack.base_url, timeout=60) as http:
        answer = http.post("/v1/audio/speech", json={"stream_format": "sse", **body})
    assert answer.status_code == 200, answer.text
    return list(events(answer.text.split("\n")))
