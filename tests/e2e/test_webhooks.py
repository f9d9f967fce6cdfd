"""Webhooks per job: written with the state change, signed, delivered, tried again."""

import json
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

import openai
import pytest
import standardwebhooks

from tests.e2e.stack import SECRET, Stack
from tests.e2e.worker_process import until


@dataclass
class Receiver:
    """A webhook endpoint: it answers with the next of `answers`, then with 200."""

    url: str = ""
    answers: list[int] = field(default_factory=list)
    received: list[tuple[dict[str, str], bytes]] = field(default_factory=list)

    def events(self, count: int, timeout_s: float = 60) -> list[dict[str, Any]]:
        deadline = time.monotonic() + timeout_s
        while len(self.received) < count:
            assert time.monotonic() < deadline, f"{len(self.received)} of {count} events came"
            time.sleep(0.05)
        return [json.loads(body) for _, body in self.received]

    @property
    def types(self) -> list[str]:
        return [json.loads(body)["type"] for _, body in self.received]


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    it = Receiver()

    class Endpoint(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            it.received.append(({name.lower(): value for name, value in self.headers.items()}, body))
            self.send_response(it.answers.pop(0) if it.answers else 200)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Endpoint)
    it.url = f"http://127.0.0.1:{server.server_address[1]}/hook"
    thread = Thread(target=server.serve_forever)
    thread.start()
    yield it
    server.shutdown()
    server.server_close()
    thread.join()


def test_a_completed_job_is_told_of_with_a_result_that_can_be_fetched(stack: Stack, receiver: Receiver) -> None:
    job = stack.create("Tell me when it is done.", webhook={"url": receiver.url}, metadata={"order": "7"})
    event = receiver.events(1)[0]
    assert (event["object"], event["type"]) == ("event", "speech.job.completed")
    assert event["id"].startswith("evt_")
    told = event["data"]
    assert (told["id"], told["status"], told["metadata"]) == (job["id"], "completed", {"order": "7"})
    assert "input" not in told
    with stack.http as http:
        assert len(http.get(told["output"]["url"]).content) == told["output"]["bytes"]


def test_other_peoples_libraries_verify_what_is_sent(stack: Stack, receiver: Receiver) -> None:
    stack.create("Sign it.", webhook={"url": receiver.url})
    receiver.events(1)
    headers, body = receiver.received[0]
    standardwebhooks.Webhook(SECRET).verify(body.decode(), headers)
    event = openai.OpenAI(api_key="none", webhook_secret=SECRET).webhooks.unwrap(body.decode(), headers)
    assert event.type == "speech.job.completed"  # type: ignore[comparison-overlap]
    with pytest.raises(standardwebhooks.WebhookVerificationError):
        standardwebhooks.Webhook(SECRET).verify(body.decode().replace("completed", "failed"), headers)


def test_only_the_events_asked_for_are_sent_started_and_progress_too(stack: Stack, receiver: Receiver) -> None:
    text = " ".join(f"This is sentence {n} of a text of several segments." for n in range(40))
    stack.create(text, webhook={"url": receiver.url, "events": ["speech.job.started", "speech.job.progress"]})
    receiver.events(4)
    until(lambda: "speech.job.started" in receiver.types, "it is not told")  # in no order
    types = receiver.types
    assert types.count("speech.job.started") == 1
    assert set(types) == {"speech.job.started", "speech.job.progress"}


def test_an_event_that_was_refused_comes_again_under_the_same_id(stack: Stack, receiver: Receiver) -> None:
    receiver.answers = [500]
    stack.create("Try again.", webhook={"url": receiver.url})
    first, second = receiver.events(2)
    assert first["id"] == second["id"]
    ids = [headers["webhook-id"] for headers, _ in receiver.received]
    assert ids == [first["id"]] * 2
    stamps = [int(headers["webhook-timestamp"]) for headers, _ in receiver.received]
    assert 5 <= stamps[1] - stamps[0] < 60  # the third time would be minutes later
    standardwebhooks.Webhook(SECRET).verify(receiver.received[1][1].decode(), receiver.received[1][0])


def test_a_410_is_the_end(stack: Stack, receiver: Receiver) -> None:
    receiver.answers = [410]
    dead = stack.metric("speech_webhook_deliveries_total", outcome="dead")
    assert dead is not None
    stack.create("No more, thank you.", webhook={"url": receiver.url})
    receiver.events(1)
    until(lambda: (stack.metric("speech_webhook_deliveries_total", outcome="dead") or 0) > dead, "it is not given up")
    assert len(receiver.received) == 1


def test_a_cancelled_job_is_told_of_too(stack: Stack, receiver: Receiver) -> None:
    job = stack.create("x " * 200_000, webhook={"url": receiver.url})
    with stack.http as http:
        http.post(f"/v1/audio/speech/jobs/{job['id']}/cancel")
    assert receiver.events(1)[0]["type"] == "speech.job.cancelled"
