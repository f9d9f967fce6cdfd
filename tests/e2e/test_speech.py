"""POST /v1/audio/speech through producer, Celery, Redis, worker and storage."""

import io
import socket
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import httpx
import pytest
import soundfile

from tests.e2e.stack import Stack, running_stack
from tests.e2e.worker_process import ask, until

TYPES = {"mp3": "audio/mpeg", "opus": "audio/ogg; codecs=opus", "aac": "audio/aac", "flac": "audio/flac", "wav": "audio/wav",
         "pcm": "audio/pcm"}


def test_a_text_comes_back_as_audio(stack: Stack) -> None:
    with stack.http as http:
        answer = http.post("/v1/audio/speech", json={"input": "Hello there.", "response_format": "wav"})
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "audio/wav"
    assert answer.headers["x-request-id"].startswith("req_")
    sound, rate = soundfile.read(io.BytesIO(answer.content))
    assert rate == 24_000
    assert 0.3 < len(sound) / rate < 5
    job = stack.job(answer.headers["x-speech-job-id"])
    assert job["status"] == "completed"
    assert job["priority"] == "interactive"
    assert job["output"]["bytes"] == len(answer.content)


@pytest.mark.parametrize("kind", TYPES)
def test_every_format_has_its_content_type(stack: Stack, kind: str) -> None:
    with stack.http as http:
        answer = http.post("/v1/audio/speech", json={"input": "Hello there.", "response_format": kind})
    assert answer.status_code == 200
    assert answer.headers["content-type"] == TYPES[kind]
    assert len(answer.content) > 500


def test_speed_changes_the_duration(stack: Stack) -> None:
    durations = {}
    for speed in (0.5, 1, 2):
        with stack.http as http:
            body = {"input": "A sentence to hurry.", "response_format": "wav", "speed": speed}
            answer = http.post("/v1/audio/speech", json=body)
        durations[speed] = soundfile.info(io.BytesIO(answer.content)).duration
    assert durations[0.5] == pytest.approx(2 * durations[1], rel=0.05)
    assert durations[2] == pytest.approx(durations[1] / 2, rel=0.05)


def test_a_sync_text_of_several_segments_is_joined(stack: Stack) -> None:
    text = "This is one of many sentences that follow each other. " * 20
    with stack.http as http:
        answer = http.post("/v1/audio/speech", json={"input": text, "response_format": "flac"})
    assert answer.status_code == 200
    job = stack.job(answer.headers["x-speech-job-id"])
    assert job["segments"]["total"] >= 4
    assert job["segments"]["completed"] == job["segments"]["total"]


def test_a_range_is_heeded_where_there_is_something_to_read(stack: Stack) -> None:
    with stack.http as http:
        answer = http.post("/v1/audio/speech", json={"input": "Whole.", "response_format": "wav"}, headers={"Range": "bytes=0-9"})
    assert answer.status_code == 200
    assert len(answer.content) > 1000


def test_respond_async_answers_with_the_job(stack: Stack) -> None:
    with stack.http as http:
        answer = http.post("/v1/audio/speech", json={"input": "Later, please."}, headers={"Prefer": "respond-async"})
    assert answer.status_code == 202
    assert answer.headers["preference-applied"] == "respond-async"
    assert "Prefer" in answer.headers["vary"]
    assert answer.headers["location"] == f"/v1/audio/speech/jobs/{answer.json()['id']}"
    assert stack.wait(answer.json()["id"])["status"] == "completed"


def test_wait_answers_with_audio_when_it_is_done_in_time(stack: Stack) -> None:
    with stack.http as http:
        answer = http.post("/v1/audio/speech", json={"input": "Quick."}, headers={"Prefer": "wait=20"})
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "audio/mpeg"
    assert answer.headers["preference-applied"] == "wait=20"


def test_an_input_over_the_sync_limit_names_the_jobs_url(stack: Stack) -> None:
    with stack.http as http:
        answer = http.post("/v1/audio/speech", json={"input": "x" * 4097})
    assert answer.status_code == 400
    assert answer.json()["error"]["code"] == "input_too_long"
    assert "/v1/audio/speech/jobs" in answer.json()["error"]["message"]


def test_a_client_may_choose_its_request_id_and_others_are_replaced(stack: Stack) -> None:
    with stack.http as http:
        assert http.get("/healthz", headers={"x-request-id": "mine-1"}).headers["x-request-id"] == "mine-1"
        assert http.get("/healthz", headers={"x-request-id": "<script>"}).headers["x-request-id"].startswith("req_")


def test_browsers_may_call_from_the_listed_origin_only(stack: Stack) -> None:
    with stack.http as http:
        asked = {"Access-Control-Request-Method": "POST"}
        allowed = http.options("/v1/audio/speech", headers={"Origin": "https://app.example", **asked})
        assert allowed.headers["access-control-allow-origin"] == "https://app.example"
        other = http.options("/v1/audio/speech", headers={"Origin": "https://evil.example", **asked})
        assert "access-control-allow-origin" not in other.headers


@pytest.mark.parametrize(("content", "headers", "status", "field"), [
    (b"{", {}, 400, "body"),
    (b"[]", {}, 400, "body"),
    (b'{"input": NaN}', {}, 400, "body"),
    (b"\xff\xfe", {}, 400, "body"),
    (b"[" * 100_000, {}, 400, "body"),
    (b"input=hello", {"content-type": "application/x-www-form-urlencoded"}, 400, "Content-Type"),
    (b'{"input": "hello"}', {"Idempotency-Key": "k" * 256}, 400, "Idempotency-Key"),
    (b'{"input": "hello", "webhook": {"url": "https://10.0.0.1/"}}', {}, 400, "webhook.url"),
    (b'{"input": "hello", "webhook": {"url": "ftp://example.com/"}}', {}, 400, "webhook.url"),
    (b'{"input": "hello", "voice": "nobody"}', {}, 400, "voice"),
    (b'{"input": "' + b"x" * 9_000_000 + b'"}', {}, 413, "body"),
])
def test_bad_requests_name_the_field_and_enqueue_nothing(stack: Stack, content: bytes, headers: dict[str, str], status: int,
                                                         field: str) -> None:
    with stack.http as http:
        accepted = http.get("/metrics").text
        answer = http.post("/v1/audio/speech/jobs", content=content, headers={"content-type": "application/json", **headers})
        assert answer.status_code == status
        assert answer.headers["content-type"] == "application/problem+json"
        body = answer.json()
        assert body["status"] == status
        assert body["error"]["param"] == field
        assert body["error"]["message"] == body["detail"]
        assert jobs_accepted(http.get("/metrics").text) == jobs_accepted(accepted)


def test_a_streamed_body_over_the_limit_is_refused_too(stack: Stack) -> None:
    def pieces() -> Iterator[bytes]:
        yield b'{"input": "'
        for _ in range(100):
            yield b"x" * 100_000

    with stack.http as http:
        answer = http.post("/v1/audio/speech/jobs", content=pieces(), headers={"content-type": "application/json"})
    assert answer.status_code == 413


def test_unknown_paths_and_methods_answer_in_the_same_shape(stack: Stack) -> None:
    with stack.http as http:
        missing = http.get("/v1/nothing")
        assert (missing.status_code, missing.json()["error"]["code"]) == (404, "not_found")
        wrong = http.put("/v1/audio/speech")
        assert (wrong.status_code, wrong.json()["error"]["code"]) == (405, "method_not_allowed")
        assert "POST" in wrong.headers["allow"]


@pytest.mark.parametrize("text", ["\u0000\u0007 bell", "😀😀😀", "שלום עולם", "a" * 10_000, "字" * 500, "…!? €5",
                                  "\n\n\nEnd.\n\n\n", "-v evil --help", "<speak>x</speak>", "[[h@l'oU]]"])
def test_unusual_texts_are_spoken(stack: Stack, text: str) -> None:
    job = stack.create(text)
    assert stack.wait(job["id"])["status"] == "completed"


def test_a_client_that_hangs_up_cancels_its_job(tmp_path_factory: pytest.TempPathFactory) -> None:
    with running_stack(tmp_path_factory.mktemp("idle"), workers=False, PRODUCER__ABANDON_AFTER_S="0.3") as idle:
        publish_catalogue(idle)
        with waiting_for(idle, {"input": "Nobody listens."}) as job_id:
            assert idle.job(job_id)["status"] == "queued"
        assert idle.wait(job_id)["status"] == "cancelled"


def test_an_sdk_retry_reattaches_and_keeps_the_job(tmp_path_factory: pytest.TempPathFactory) -> None:
    with running_stack(tmp_path_factory.mktemp("retry"), workers=False, PRODUCER__ABANDON_AFTER_S="0.7") as idle:
        publish_catalogue(idle)
        body = {"input": "Somebody listens again."}
        with ThreadPoolExecutor(1) as pool, idle.http as http:
            # The first call is there until the second has come: however slow this machine is, nobody abandons the job between.
            with waiting_for(idle, body) as job_id:
                retry = pool.submit(http.post, "/v1/audio/speech", json=body, headers={"x-stainless-retry-count": "1"})
                until(lambda: ask(idle, "SCARD", f"waiters:{job_id}") == 2, "nobody asks again")
            until(lambda: ask(idle, "SCARD", f"waiters:{job_id}") == 1, "the first one is still believed to wait")
            idle.start("speech", "worker", "speech")
            answer = retry.result()
            assert answer.status_code == 200
            assert answer.headers["idempotent-replayed"] == "true"
            assert len(http.get("/v1/audio/speech/jobs").json()["data"]) == 1


def test_a_sync_call_that_takes_too_long_says_where_the_job_goes_on(tmp_path_factory: pytest.TempPathFactory) -> None:
    with running_stack(tmp_path_factory.mktemp("slow"), workers=False, PRODUCER__SYNC_TIMEOUT_S="0.5") as idle:
        publish_catalogue(idle)
        with idle.http as http:
            answer = http.post("/v1/audio/speech", json={"input": "Nobody works here."})
            assert answer.status_code == 504
            assert answer.headers["x-should-retry"] == "false"
            error = answer.json()["error"]
            assert error["code"] == "sync_timeout"
            job = http.get(f"/v1/audio/speech/jobs/{error['job_id']}").json()
        assert job["status"] == "queued"
        assert job["waiting"]["reason"] == "no_worker"


@contextmanager
def waiting_for(stack: Stack, body: dict[str, str]) -> Iterator[str]:
    """Inside, a client waits for speech. Yields its job, the only one there is; at the end the client hangs up."""
    request = httpx.Request("POST", f"{stack.base_url}/v1/audio/speech", json=body)
    head = "".join(f"{name}: {value}\r\n" for name, value in request.headers.items())

    def jobs() -> list[str]:
        with stack.http as http:
            return [job["id"] for job in http.get("/v1/audio/speech/jobs").json()["data"]]

    with socket.create_connection((request.url.host, request.url.port)) as client:
        client.sendall(f"POST {request.url.path} HTTP/1.1\r\n{head}\r\n".encode() + request.read())
        until(jobs, "no job was made")
        yield jobs()[0]


def publish_catalogue(stack: Stack) -> None:
    """As if a tone worker had been here before."""
    import redis

    from speechmill.store.client import Policy, Store
    from worker.voices.tone import Tone

    with redis.Redis.from_url(stack.redis.url, decode_responses=True) as client:
        Store(client, Policy()).publish(Tone().warm_up())


def jobs_accepted(metrics: str) -> str:
    return next(line for line in metrics.splitlines() if line.startswith('speech_jobs_total{status="accepted"}'))
