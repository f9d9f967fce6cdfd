"""One trace from the request over every unit to the webhook, sent to whoever OTEL_EXPORTER_OTLP_ENDPOINT names."""

import os
import re
import signal
import socket
import uuid
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.held import held
from tests.e2e.stack import SECRET, Stack, running_stack
from tests.e2e.test_webhooks import Receiver, receiver
from tests.e2e.worker_process import a_lease_passes, until
from tests.services.otlp_receiver import OtlpReceiver, Seen, running_otlp

__all__ = ["receiver"]

JOBS = "/v1/audio/speech/jobs"
LONG = " ".join(f"Sentence {n} speaks of a badger in a text that is long enough to be cut." for n in range(8))
PAGE = (Path(__file__).parents[2] / "docs/watching.md").read_text("utf-8")
CLIENTS_SPAN = "b7ad6b7169203331"


@pytest.fixture(scope="module")
def collector() -> Iterator[OtlpReceiver]:
    with running_otlp() as running:
        yield running


@pytest.fixture(scope="module")
def mill(tmp_path_factory: pytest.TempPathFactory, collector: OtlpReceiver) -> Iterator[Stack]:
    """Whose processes send their spans to the collector."""
    settings = {"OTEL_EXPORTER_OTLP_ENDPOINT": collector.url, "OTEL_EXPORTER_OTLP_HEADERS": "x-collector-key=sesame",
                "OTEL_BSP_SCHEDULE_DELAY": "100"}
    with pytest.MonkeyPatch.context() as environment, ExitStack() as parts:
        for name, value in settings.items():
            environment.setenv(name, value)
        stack = parts.enter_context(running_stack(tmp_path_factory.mktemp("traced"), workers=False,
                                                  WORKER__LEASE_S="30"))
        stack.start("speech", "tests.e2e.paced_worker", "speech")
        stack.start("cpu", "worker", "cpu")
        stack.wait_ready()
        stack.environment.update(settings)
        environment.undo()  # or the stack that other tests share might be started with it
        yield stack


@pytest.fixture
def clients_trace() -> str:
    return uuid.uuid4().hex


@pytest.fixture
def broken_voice(mill: Stack) -> Iterator[Path]:
    """While this file is there, the voice fails at texts with BREAK in them."""
    file = mill.folder / "broken"
    file.touch()
    yield file
    file.unlink(missing_ok=True)


def post(stack: Stack, text: str, headers: dict[str, str] | None = None, **body: Any) -> dict[str, Any]:
    with stack.http as http:
        answer = http.post(JOBS, json={"input": text, **body}, headers=headers or {})
    assert answer.status_code == 202, answer.text
    job: dict[str, Any] = answer.json()
    return job


def of_job(spans: list[Seen], job_id: str, name: str) -> list[Seen]:
    return [span for span in spans if span.name == name and span.attributes.get("speech.job_id") == job_id]


def test_request_enqueue_units_and_webhook_are_one_trace_and_part_of_the_clients(
        mill: Stack, collector: OtlpReceiver, receiver: Receiver, clients_trace: str) -> None:
    receiver.answers = [500]
    job = post(mill, LONG, {"traceparent": f"00-{clients_trace}-{CLIENTS_SPAN}-01"}, webhook={"url": receiver.url})
    done = mill.wait(job["id"])
    n_segments = done["segments"]["total"]
    wanted = {f"POST {JOBS}": 1, "submit": 1, "plan": 1, "speak": n_segments, "synthesize": n_segments, "finish": 1, "encode": 1,
              "store": n_segments + 3, "webhook": 2}
    spans = collector.wait(lambda seen: sum(span.trace_id == clients_trace for span in seen) >= sum(wanted.values()))
    mine = [span for span in spans if span.trace_id == clients_trace]
    assert Counter(span.name for span in mine) == wanted
    assert all(f"`{span.name}`" in PAGE for span in mine)

    def only(name: str) -> Seen:
        (span,) = (span for span in mine if span.name == name)
        return span

    request, submit = only(f"POST {JOBS}"), only("submit")
    assert (request.service, request.kind, request.parent_id) == ("speechmill-producer", "server", CLIENTS_SPAN)
    assert (request.attributes["http.response.status_code"], request.attributes["http.route"]) == (202, JOBS)
    assert (submit.parent_id, submit["job_id"], submit["outcome"]) == (request.id, job["id"], "created")
    units = [span for span in mine if span.name in ("plan", "speak", "finish")]
    assert {span.parent_id for span in units} == {submit.id}
    assert {(span.service, span["outcome"], span["attempt"], span.failed) for span in units} == {
        ("speechmill-cpu", "done", 1, False), ("speechmill-speech", "done", 1, False)}
    speaking = {span.id for span in units if span.name == "speak"}
    assert {span.parent_id for span in mine if span.name == "synthesize"} == speaking
    assert sum(float(span["audio_seconds"]) for span in mine if span.name == "synthesize") > 5
    first, second = sorted((span for span in mine if span.name == "webhook"), key=lambda span: int(span["attempt"]))
    assert (first.parent_id, first.failed, first["outcome"], first.links) == (submit.id, True, "again", ())
    assert (second.parent_id, second.failed, second["outcome"]) == (submit.id, False, "delivered")
    assert second.links == ((clients_trace, first.id),)
    assert "traceparent" not in receiver.received[0][0]


def test_a_unit_that_is_tried_again_is_a_new_span_linked_to_the_one_before_and_a_retry_a_new_trace(
        mill: Stack, collector: OtlpReceiver, broken_voice: Path) -> None:
    job = post(mill, "BREAK this one.")
    assert mill.wait(job["id"])["status"] == "failed"
    broken_voice.unlink()
    with mill.http as http:
        assert http.post(f"{JOBS}/{job['id']}/retry").status_code == 200
    assert mill.wait(job["id"])["status"] == "completed"
    wanted = {"submit": 1, "whole": 4, "retry": 1}
    spans = collector.wait(lambda seen: all(len(of_job(seen, job["id"], name)) == n for name, n in wanted.items()))
    tries = of_job(spans, job["id"], "whole")
    (submit,), (retry,) = of_job(spans, job["id"], "submit"), of_job(spans, job["id"], "retry")
    before = sorted((span for span in tries if span.trace_id == submit.trace_id), key=lambda span: int(span["attempt"]))
    assert [(span["attempt"], span.failed, span.attributes.get("error.type")) for span in before] == [
        (n, True, "voice_failed") for n in (1, 2, 3)]
    assert [span.links for span in before] == [(), ((submit.trace_id, before[0].id),), ((submit.trace_id, before[1].id),)]
    (after,) = (span for span in tries if span.trace_id == retry.trace_id)
    assert retry.trace_id != submit.trace_id
    assert retry.links == ((submit.trace_id, submit.id),)
    assert (after.parent_id, after.failed, after.links) == (retry.id, False, ())


def test_a_unit_whose_worker_died_is_a_new_span_linked_to_one_that_never_ended(mill: Stack, collector: OtlpReceiver) -> None:
    with held(mill):
        job = post(mill, "One that is HELD while it is spoken.")
        until(lambda: mill.job(job["id"])["status"] == "in_progress", "it is not spoken")
        mill.programs["speech"].kill()
    a_lease_passes(mill, "speech")
    mill.start("second", "tests.e2e.paced_worker", "speech")
    assert mill.wait(job["id"])["status"] == "completed"
    spans = collector.wait(lambda seen: bool(of_job(seen, job["id"], "whole")) and bool(of_job(seen, job["id"], "submit")))
    (second,) = of_job(spans, job["id"], "whole")
    (submit,) = of_job(spans, job["id"], "submit")
    assert (second["attempt"], second.parent_id) == (2, submit.id)
    assert [trace for trace, _ in second.links] == [submit.trace_id]


def test_what_is_spoken_and_every_secret_stay_out_of_the_spans(
        mill: Stack, collector: OtlpReceiver, receiver: Receiver, broken_voice: Path) -> None:
    short, long = (post(mill, text, {"Idempotency-Key": f"marmot {len(text)}", "Authorization": "Bearer marmot"},
                        metadata={"marmot": "marmot"}, webhook={"url": f"{receiver.url}/marmot?token=marmot"})
                   for text in ("Marmot, BREAK, marmot.", LONG.replace("badger", "marmot")))
    assert (mill.wait(short["id"])["status"], mill.wait(long["id"])["status"]) == ("failed", "completed")
    with mill.http as http:
        assert http.post(JOBS, json={"input": "marmot", "voice": "marmot"}).status_code == 400
        assert http.get("/marmot").status_code == 404
        assert http.get(f"{JOBS}/{long['id']}/content", follow_redirects=True).status_code == 200  # by a signed URL
    spans = collector.wait(lambda seen: any(span.attributes.get("http.route") == "/v1/objects/{key:path}" for span in seen)
                           and {span["job_id"] for span in seen if span.name == "webhook"} >= {short["id"], long["id"]})
    assert len(spans) > 20
    sent = b"".join(collector.bodies).lower()
    for secret in (b"marmot", SECRET.encode().lower(), b"a secret of the tests", b"sesame", b"signature"):
        assert secret not in sent
    assert {headers["x-collector-key"] for headers in collector.headers} == {"sesame"}


def test_a_client_that_does_not_sample_is_not_traced_anywhere(mill: Stack, collector: OtlpReceiver, clients_trace: str) -> None:
    unseen = post(mill, "Not this one.", {"traceparent": f"00-{clients_trace}-{CLIENTS_SPAN}-00"})
    mill.wait(unseen["id"])
    seen = post(mill, "But this one.")
    mill.wait(seen["id"])
    spans = collector.wait(lambda spans: bool(of_job(spans, seen["id"], "whole")))
    assert not [span for span in spans if span.trace_id == clients_trace]


def test_what_monitors_ask_is_not_traced(mill: Stack, collector: OtlpReceiver) -> None:
    with mill.http as http:
        for path in ("/healthz", "/readyz", "/metrics", "/v1/models"):
            assert http.get(path).status_code == 200
    spans = collector.wait(lambda seen: any(span.attributes.get("http.route") == "/v1/models" for span in seen))
    assert not [span for span in spans if span.attributes.get("http.route") in ("/healthz", "/readyz", "/metrics")]


def test_a_collector_that_hangs_costs_no_job_and_holds_up_no_worker_that_stops(
        tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.create_server(("127.0.0.1", 0)) as deaf:
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", f"http://127.0.0.1:{deaf.getsockname()[1]}")
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_TIMEOUT", "90")  # seconds, which the exporter alone would try
        with running_stack(tmp_path_factory.mktemp("deaf")) as stack:
            assert stack.wait(stack.create("Nobody looks.")["id"])["status"] == "completed"
            for program in stack.programs.values():
                os.kill(program.pid, signal.SIGTERM)
            until(lambda: not any(program.running for program in stack.programs.values()), "held up", timeout_s=45)


def test_without_an_endpoint_a_job_has_no_trace(stack: Stack, clients_trace: str) -> None:
    job = post(stack, "Untraced.", {"traceparent": f"00-{clients_trace}-{CLIENTS_SPAN}-01"})
    stack.wait(job["id"])
    with stack.redis.client() as redis:
        assert redis.hget(f"{{speechmill}}:job:{job['id']}", "traceparent") is None



def test_the_exporter_is_loaded_by_no_process_without_an_endpoint(stack: Stack, mill: Stack) -> None:
    def loads_protobuf(pid: int) -> bool:
        return bool(re.search(r"google/_upb/\S+\.so", Path(f"/proc/{pid}/maps").read_text()))

    assert loads_protobuf(mill.programs["producer"].pid)
    assert not [name for name, program in stack.programs.items() if loads_protobuf(program.pid)]
