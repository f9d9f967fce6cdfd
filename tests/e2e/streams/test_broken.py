"""Streams that break: a client hears one attempt or is told, never two spliced; who is slow or gone holds up nobody."""

import socket
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from typing import Any

import httpx
import pytest
import redis

from speechmill.store.streams import stream_key
from speechmill.tasks import KEY_PREFIX
from tests.e2e.held import held
from tests.e2e.stack import Stack, running_stack
from tests.e2e.streams.conftest import KEPT_BYTES
from tests.e2e.streams.listener import Event, events, sound_of

SENTENCE = "This is a sentence of a text that takes its time, and of which there are some more. "
LONG = SENTENCE * 12
"""Four segments and more."""
ENDLESS = " ".join(f"This is sentence {n} of a text that nobody has spoken before." for n in range(16)) + " It is HELD here."
"""Several segments, of which the last does not end while the voice is held."""


@pytest.fixture(scope="module")
def mortal(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """Its speech worker is killed and replaced: leases end soon."""
    with running_stack(tmp_path_factory.mktemp("mortal"), workers=False, WORKER__LEASE_S="3") as stack:
        stack.start("cpu", "worker", "cpu")
        stack.start("speech", "tests.e2e.paced_worker", "speech")
        stack.wait_ready()
        yield stack


@contextmanager
def listening(stack: Stack, text: str, **body: Any) -> Iterator[tuple[str, Iterator[Event]]]:
    with stack.http as http, http.stream("POST", "/v1/audio/speech", json={
            "input": text, "response_format": "pcm", "stream_format": "sse", **body}) as answer:
        assert answer.status_code == 200, answer.read()
        yield answer.headers["x-speech-job-id"], events(answer.iter_lines())


def test_kill_9_of_the_worker_ends_the_events_with_an_error_and_the_job_is_done_by_the_next(mortal: Stack) -> None:
    with held(mortal), listening(mortal, ENDLESS, seed=7) as (job_id, heard):
        first = next(heard)
        mortal.programs["speech"].kill()
        mortal.start("speech", "tests.e2e.paced_worker", "speech")
        rest = list(heard)
    done = mortal.wait(job_id)
    assert rest[-1].type == "speech.audio.error"
    assert (rest[-1].data["error"]["code"], rest[-1].data["error"]["job_id"]) == ("attempt_lost", job_id)
    assert done["status"] == "completed"
    # With a seed each attempt sounds the same: what was heard is the beginning of one, and nothing of the next was added.
    assert mortal.audio(job_id).startswith(sound_of([first, *rest]))


def test_kill_9_of_the_worker_cuts_streamed_audio_so_that_no_client_takes_it_for_all(mortal: Stack) -> None:
    body = {"input": ENDLESS, "stream_format": "audio"}
    with held(mortal), mortal.http as http, http.stream("POST", "/v1/audio/speech", json=body) as answer:
        chunks = answer.iter_raw()
        next(chunks)
        mortal.programs["speech"].kill()
        mortal.start("speech", "tests.e2e.paced_worker", "speech")
        with pytest.raises(httpx.RemoteProtocolError, match="incomplete chunked read"):
            list(chunks)
    assert mortal.wait(answer.headers["x-speech-job-id"])["status"] == "completed"


def test_attempts_that_were_lost_before_any_sound_cost_only_time(mill: Stack) -> None:
    (mill.folder / "broken").touch()
    with listening(mill, "BREAK ONCE, and then don't.") as (job_id, heard):
        told = list(heard)
    job = mill.job(job_id)
    assert (told[-1].type, job["status"]) == ("speech.audio.done", "completed")
    assert job["attempts"] > 1
    assert mill.audio(job_id) == sound_of(told)


def test_a_voice_that_fails_before_any_sound_is_a_plain_error(mill: Stack) -> None:
    (mill.folder / "broken").touch()
    with mill.http as http:
        answer = http.post("/v1/audio/speech", json={"input": "BREAK this.", "stream_format": "sse"})
    assert (answer.status_code, answer.json()["error"]["code"]) == (500, "voice_failed")


def test_a_voice_that_fails_in_the_middle_ends_the_events_with_an_error(mill: Stack) -> None:
    (mill.folder / "broken").touch()
    with listening(mill, f"{SENTENCE * 4} Then BREAK.") as (job_id, heard):
        told = list(heard)
    assert told[0].type == "speech.audio.delta"
    assert told[-1].type == "speech.audio.error"
    assert mill.wait(job_id)["status"] == "failed"


def test_a_job_that_is_cancelled_ends_its_events_with_an_error(mill: Stack) -> None:
    with held(mill), listening(mill, ENDLESS) as (job_id, heard):
        next(heard)
        with mill.http as http:
            assert http.post(f"/v1/audio/speech/jobs/{job_id}/cancel").status_code == 200
        told = list(heard)
    assert told[-1].type == "speech.audio.error"
    assert told[-1].data["error"]["code"] == "job_cancelled"


def test_a_client_that_hangs_up_cancels_its_job(mill: Stack) -> None:
    with held(mill):
        with listening(mill, ENDLESS) as (job_id, heard):
            next(heard)
        assert mill.wait(job_id)["status"] == "cancelled"


def test_a_client_that_is_too_slow_is_told_and_the_job_goes_on(mill: Stack) -> None:
    # Held: were the job done soon, this client would get the rest of it from storage.
    body = {"input": SENTENCE * 47 + "It is HELD here.", "response_format": "pcm", "stream_format": "sse"}
    with held(mill), slow_client(mill, body) as client:
        begin = client.recv(1000).decode()
        job_id = begin.partition("x-speech-job-id: ")[2].partition("\r\n")[0]
        assert job_id, begin
        with raw_redis(mill) as server:
            until(lambda: n_pieces(server, job_id) >= 300, mill)
        said = everything(client)
    assert b'"client_too_slow"' in said
    done = mill.wait(job_id)
    assert done["status"] == "completed"
    assert len(said) < done["output"]["bytes"]


def test_a_stream_takes_no_more_of_redis_than_its_cap_and_goes_by_itself(mill: Stack) -> None:
    with listening(mill, LONG) as (job_id, heard):
        told = list(heard)
    assert told[-1].type == "speech.audio.done"
    with raw_redis(mill) as server:
        [key] = server.keys(f"{KEY_PREFIX}stream:{job_id}:*")
        kept = server.xrange(key)
        assert 0 < sum(len(fields[b"sound"]) for _, fields in kept) <= KEPT_BYTES
        assert 0 < server.ttl(key) <= 120


def raw_redis(stack: Stack) -> "closing[Any]":
    """A connection that leaves sound as it is."""
    return closing(redis.Redis.from_url(stack.redis.url))


def n_pieces(server: Any, job_id: str) -> int:
    """How many pieces of a job's sound have been made so far."""
    token = int(server.hget(f"{KEY_PREFIX}job:{job_id}", "streams") or 0)
    last = server.xrevrange(stream_key(job_id, token), count=1)
    return int(last[0][0].partition(b"-")[0]) if last else 0


def until(reached: Callable[[], bool], stack: Stack, timeout_s: float = 60) -> None:
    deadline = time.monotonic() + timeout_s
    while not reached():
        assert time.monotonic() < deadline, stack.logs()
        time.sleep(0.02)


@contextmanager
def slow_client(stack: Stack, body: dict[str, Any]) -> Iterator[socket.socket]:
    """One whose side of the connection holds next to nothing."""
    request = httpx.Request("POST", f"{stack.base_url}/v1/audio/speech", json=body)
    head = "".join(f"{name}: {value}\r\n" for name, value in request.headers.items())
    with socket.socket() as client:
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        client.settimeout(60)
        client.connect((request.url.host, request.url.port))
        client.sendall(f"POST {request.url.path} HTTP/1.1\r\n{head}Connection: close\r\n\r\n".encode() + request.read())
        yield client


def everything(client: socket.socket) -> bytes:
    said = b""
    while piece := client.recv(1 << 16):
        said += piece
    return said
