"""Batches through the whole system, asked for with the unmodified OpenAI SDK: a thousand lines, and what breaks in between."""

import hashlib
import json
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from typing import Any

import openai
import pytest
from openai import OpenAI
from openai.types import Batch

from tests.e2e.batch_client import begin, check_whole, counts, jsonl, line, lines_of, sdk, until, wait
from tests.e2e.held import held
from tests.e2e.stack import SECRET, Stack, running_stack
from tests.e2e.test_webhooks import Receiver, receiver  # noqa: F401 - a fixture
from tests.e2e.worker_process import a_lease_passes

ADMIN_KEY = "the admin key of the tests, quite long"


@pytest.fixture(scope="module")
def mill(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """With a voice that takes no time, and small limits."""
    with running_stack(tmp_path_factory.mktemp("batches"), LIMITS__FILE_BYTES="1000000", LIMITS__BODY_BYTES="16384",
                       LIMITS__BATCH_LINES="1001", LIMITS__FILES="200", WORKER__LEASE_S="10") as running:
        yield running


@pytest.fixture(scope="module")
def paced(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """With a voice that takes its time, and leases that no starved worker loses."""
    with running_stack(tmp_path_factory.mktemp("paced"), workers=False, WORKER__LEASE_S="20", WORKER__SPEECH_SLOTS="16",
                       PRODUCER__ADMIN_KEY=ADMIN_KEY, PRODUCER__ALLOW_ANONYMOUS="true") as running:
        start_workers(running)
        running.wait_ready()
        yield running


def start_workers(mill: Stack) -> None:
    mill.start("speech", "tests.e2e.paced_worker", "speech")
    mill.start("cpu", "worker", "cpu")


def test_a_batch_is_followed_from_a_snapshot_to_its_end(paced: Stack) -> None:
    client = sdk(paced)
    completed: list[int] = []
    with ExitStack() as hold:
        hold.enter_context(held(paced))
        batch = begin(client, jsonl([line(f"line-{n}", f"Number {n}, {'in' if n < 60 else 'HELD in'} a longer line. " * 6)
                                     for n in range(120)]))
        with paced.http as http, http.stream("GET", f"/v1/batches/{batch.id}/events") as answer:
            for event in (json.loads(text.removeprefix("data: ")) for text in answer.iter_lines() if text.startswith("data: ")):
                completed.append(event["data"]["request_counts"]["completed"])
                if completed[-1] == 60:
                    hold.close()
    assert event["type"] == "batch.completed"
    assert completed[-1] == 120
    assert completed == sorted(completed)
    assert 60 in completed, "nothing was told of it in the middle"


@pytest.mark.timeout(300)
def test_a_thousand_lines_come_out_one_to_one_and_every_hash_is_right(mill: Stack) -> None:
    client = sdk(mill)
    ids = [f"line-{n:04}" for n in range(1000)]
    lines = [line(each, f"Number {each}.", response_format="flac") for each in ids]
    batch = begin(client, jsonl(lines), metadata={"for": "test"})
    assert (batch.status, batch.metadata) == ("validating", {"for": "test"})
    batch = wait(mill, client, batch)
    assert (batch.status, counts(batch), batch.error_file_id) == ("completed", (1000, 1000, 0), None), mill.logs()
    check_whole(client, batch, ids)
    times = [batch.created_at, batch.in_progress_at, batch.finalizing_at, batch.completed_at]
    assert None not in times
    assert times == sorted(times)  # type: ignore[type-var]
    assert batch.expires_at == batch.created_at + 3600
    url = lines_of(client, batch.output_file_id)[6]["response"]["body"]["content_url"]
    with mill.http as http:
        sound = http.get(url, follow_redirects=True)
    assert hashlib.sha256(sound.content).hexdigest() == lines_of(client, batch.output_file_id)[6]["response"]["body"]["sha256"]


def test_every_worker_killed_in_the_middle_costs_time_and_nothing_else(paced: Stack) -> None:
    client = sdk(paced)
    ids = [f"Line/{n}" for n in range(90)]
    batch = begin(client, jsonl([line(each, f"Text number {n}.") for n, each in enumerate(ids)]))
    until(paced, client, batch, 20)
    for role in ("speech", "cpu"):
        paced.programs[role].kill()
        a_lease_passes(paced, role)
    start_workers(paced)
    batch = wait(paced, client, batch)
    assert (batch.status, counts(batch)) == ("completed", (90, 90, 0)), paced.logs()
    check_whole(client, batch, ids)


def test_cancelling_keeps_what_was_spoken_and_lists_the_rest_as_cancelled(paced: Stack) -> None:
    client = sdk(paced)
    ids = [f"c{n}" for n in range(400)]
    batch = begin(client, jsonl([line(each, f"To be cancelled, number {n}.") for n, each in enumerate(ids)]))
    until(paced, client, batch, 5)
    assert client.batches.cancel(batch.id).status in ("cancelling", "cancelled")
    batch = wait(paced, client, batch)
    assert (batch.status, batch.cancelling_at is not None, batch.cancelled_at is not None) == ("cancelled", True, True)
    check_ended_early(client, batch, ids, "batch_cancelled")
    with pytest.raises(openai.ConflictError) as refused:
        client.batches.cancel(batch.id)
    assert refused.value.code == "batch_already_ended"


def test_when_the_window_is_over_what_was_spoken_is_kept(paced: Stack) -> None:
    client = sdk(paced)
    ids = [f"e{n}" for n in range(100)]
    batch = begin(client, jsonl([line(each, f"A slow one, number {n}.") for n, each in enumerate(ids)]), window="6s")
    batch = wait(paced, client, batch)
    assert (batch.status, batch.expired_at is not None) == ("expired", True)
    check_ended_early(client, batch, ids, "batch_expired")


def check_ended_early(client: OpenAI, batch: Batch, ids: Sequence[str], code: str) -> None:
    output, unfinished = lines_of(client, batch.output_file_id), lines_of(client, batch.error_file_id)
    assert counts(batch) == (len(ids), len(output), 0)
    assert sorted(each["custom_id"] for each in output + unfinished) == sorted(ids)
    assert {each["error"]["code"] for each in unfinished} == {code}
    if output:
        check_whole(client, batch, [each["custom_id"] for each in output])


def test_a_line_that_cannot_be_spoken_is_in_the_error_file_and_long_ones_are_joined(paced: Stack) -> None:
    (paced.folder / "broken").touch()
    client = sdk(paced)
    long = " ".join(f"This is sentence number {n} of a text that is longer than one segment." for n in range(12))
    batch = begin(client, jsonl([line("good", "Fine."), line("bad", "BREAK it."), line("long", long, response_format="wav")]))
    batch = wait(paced, client, batch)
    assert (batch.status, counts(batch)) == ("completed", (3, 2, 1))
    check_whole(client, batch, ["good", "long"])
    (failed,) = lines_of(client, batch.error_file_id)
    assert (failed["custom_id"], failed["response"], failed["error"]["code"]) == ("bad", None, "voice_failed")
    lasting = [each["response"]["body"]["duration_seconds"] for each in lines_of(client, batch.output_file_id)]
    assert lasting[1] > 10 * lasting[0]


def test_a_small_batch_does_not_wait_for_another_tenants_large_one(paced: Stack) -> None:
    with paced.http as http:
        shown = [http.post("/v1/admin/keys", headers={"Authorization": f"Bearer {ADMIN_KEY}"},
                           json={"tenant": tenant, "scopes": ["speech", "read"]}).json()["key"] for tenant in ("large", "small")]
    large, small = (sdk(paced, key) for key in shown)
    first = begin(large, jsonl([line(f"l{n}", f"One of very many, number {n}.") for n in range(600)]))
    until(paced, large, first, 1)
    second = wait(paced, small, begin(small, jsonl([line(f"s{n}", f"One of few, number {n}.") for n in range(10)])))
    assert second.status == "completed"
    first = large.batches.cancel(first.id)
    assert first.status in ("cancelling", "cancelled"), "the large one is not done yet"
    with pytest.raises(openai.NotFoundError):
        small.batches.retrieve(first.id)
    with pytest.raises(openai.NotFoundError):
        small.batches.cancel(first.id)
    for call in (small.files.retrieve, small.files.content, small.files.delete):
        with pytest.raises(openai.NotFoundError):
            call(first.input_file_id)
    with pytest.raises(openai.BadRequestError) as refused:
        small.batches.create(input_file_id=first.input_file_id, endpoint="/v1/audio/speech",  # type: ignore[arg-type]
                             completion_window="1h")  # type: ignore[arg-type]
    assert (refused.value.code, refused.value.param) == ("file_not_found", "input_file_id")
    assert [each.id for each in small.batches.list()] == [second.id]
    assert first.input_file_id not in {each.id for each in small.files.list()}


def test_a_tenant_that_has_too_few_characters_left_today_is_told_so_before_anything_is_spoken(paced: Stack) -> None:
    with paced.http as http:
        http.headers["Authorization"] = f"Bearer {ADMIN_KEY}"
        key = http.post("/v1/admin/keys", json={"tenant": "poor", "scopes": ["speech", "read"]}).json()["key"]
        assert http.post("/v1/admin/tenants/poor", json={"characters_a_day": 99}).is_success
    client = sdk(paced, key)
    batch = wait(paced, client, begin(client, jsonl([line(f"{n}", "Ten signs.") for n in range(10)])))
    assert batch.status == "failed"
    assert batch.errors
    assert batch.errors.data
    assert (batch.errors.data[0].code, "99 are left" in (batch.errors.data[0].message or "")) == ("quota_exceeded", True)
    batch = wait(paced, client, begin(client, jsonl([line(f"{n}", "Ten signs.") for n in range(9)])))
    assert (batch.status, counts(batch)) == ("completed", (9, 9, 0))


def test_a_file_with_anything_wrong_is_refused_as_a_whole_and_every_wrong_line_is_named(mill: Stack) -> None:
    client = sdk(mill)
    spoken = mill.metric("speech_segments_total", source="spoken")
    lines = [line("a", "Fine."), line("a", "Twice."), {**line("b", "No."), "method": "GET"},
             {**line("c", "No."), "url": "/v1/models"}, line("d", ""), line("e", "No.", voice="nobody"),
             line("f", "No.", speed=9), {"custom_id": "g"}, line("h", "No.", webhook={"url": "https://example.com"})]
    content = b"\xef\xbb\xbf" + jsonl(lines).replace(b"\n", b"\r\n") + b"{\r\n\r\n\xff\xfe\r\n"
    batch = wait(mill, client, begin(client, content))
    assert (batch.status, batch.output_file_id, batch.failed_at is not None) == ("failed", None, True)
    assert batch.errors
    assert batch.errors.data
    assert [(each.line, each.code, each.param) for each in batch.errors.data] == [
        (2, "duplicate_custom_id", "custom_id"), (3, "invalid_method", "method"), (4, "invalid_url", "url"),
        (5, "input_empty", "body.input"), (6, "unknown_voice", "body.voice"), (7, "invalid_value", "body.speed"),
        (8, "invalid_method", "method"), (9, "invalid_value", "body.webhook"), (10, "invalid_json_line", None),
        (12, "invalid_encoding", None)]
    assert mill.metric("speech_segments_total", source="spoken") == spoken


@pytest.mark.parametrize(("content", "code"), [(b"\n  \r\n", "empty_file"), (b"x" * 20_000, "line_too_long"),
                                               (jsonl([line(f"{n}", "A.") for n in range(1002)]), "too_many_lines")])
def test_a_file_that_is_none_says_so(mill: Stack, content: bytes, code: str) -> None:
    client = sdk(mill)
    batch = wait(mill, client, begin(client, content))
    assert batch.status == "failed"
    assert batch.errors
    assert batch.errors.data
    assert [each.code for each in batch.errors.data] == [code]


def test_what_is_asked_for_wrongly_is_refused_at_once_and_named(mill: Stack) -> None:
    client = sdk(mill)
    file = client.files.create(file=("a.jsonl", jsonl([line("a", "A.")])), purpose="batch")
    good: dict[str, Any] = {"input_file_id": file.id, "endpoint": "/v1/audio/speech", "completion_window": "24h"}
    for wrong in ({"endpoint": "/v1/embeddings"}, {"completion_window": "31d"}, {"completion_window": "soon"},
                  {"input_file_id": "file-0"}, {"metadata": {"a": "b" * 513}}):
        with pytest.raises(openai.BadRequestError) as refused:
            client.batches.create(**{**good, **wrong})
        assert (refused.value.param or "").startswith(next(iter(wrong)))
    with pytest.raises(openai.BadRequestError) as no_purpose:
        client.files.create(file=("a.jsonl", b"{}"), purpose="assistants")
    assert no_purpose.value.param == "purpose"
    with pytest.raises(openai.APIStatusError) as too_large:
        client.files.create(file=("a.jsonl", b"x" * 1_000_001), purpose="batch")
    assert too_large.value.status_code == 413


def test_files_are_uploaded_listed_downloaded_and_deleted_in_openais_shapes(mill: Stack) -> None:
    client = sdk(mill)
    content = jsonl([line("a", "A.")])
    made = [client.files.create(file=(f"../{n}.jsonl", content), purpose="batch",
                                expires_after={"anchor": "created_at", "seconds": 3600}) for n in range(3)]
    assert {(each.object, each.bytes, each.purpose) for each in made} == {("file", len(content), "batch")}
    assert (made[0].filename, (made[0].expires_at or 0) - made[0].created_at) == ("0.jsonl", 3600)
    assert client.files.retrieve(made[0].id) == made[0]
    assert client.files.content(made[1].id).read() == content
    listed = [file.id for file in client.files.list(limit=2, order="asc", purpose="batch")]
    assert [file_id for file_id in listed if file_id in {file.id for file in made}] == [file.id for file in made]
    assert client.files.delete(made[0].id).deleted
    with pytest.raises(openai.NotFoundError) as gone:
        client.files.content(made[0].id)
    assert gone.value.code == "file_not_found"


def test_of_more_files_than_may_be_kept_none_is_stored_and_deleting_one_makes_room(mill: Stack) -> None:
    client = sdk(mill)

    def upload() -> str:
        return client.files.create(file=("a.jsonl", b"{}"), purpose="batch").id

    made = [upload() for _ in range(200 - len(list(client.files.list())))]
    with pytest.raises(openai.ConflictError) as refused:
        upload()
    assert refused.value.code == "too_many_files"
    assert "200 files" in refused.value.message
    kept = {file.id for file in client.files.list(purpose="batch")}
    assert {path.name for path in (mill.folder / "objects").rglob("t/*/files/*")} == kept
    client.files.delete(made.pop())
    for file_id in (*made, upload()):
        client.files.delete(file_id)


def test_a_batch_is_told_of_by_a_webhook_that_the_sdk_verifies(mill: Stack, receiver: Receiver) -> None:  # noqa: F811
    client = sdk(mill)
    batch = begin(client, jsonl([line("a", "A."), line("b", "B.")]), extra_body={"webhook": {"url": receiver.url}})
    batch = wait(mill, client, batch)
    (event,) = receiver.events(1)
    assert (event["type"], event["data"]["id"], event["data"]["status"]) == ("batch.completed", batch.id, "completed")
    assert event["data"]["output_file_id"] == batch.output_file_id
    headers, body = receiver.received[0]
    unwrapped = OpenAI(api_key="none", webhook_secret=SECRET).webhooks.unwrap(body, headers)
    assert unwrapped.type == "batch.completed"


def test_batches_are_listed_page_by_page_and_the_same_call_again_is_the_same_batch(mill: Stack) -> None:
    client = sdk(mill)
    file = client.files.create(file=("a.jsonl", jsonl([line("a", "A.")])), purpose="batch")
    asked: dict[str, Any] = {"input_file_id": file.id, "endpoint": "/v1/audio/speech", "completion_window": "1h",
                             "extra_headers": {"Idempotency-Key": "once"}}
    twice = [client.batches.create(**asked) for _ in range(2)]
    assert twice[0].id == twice[1].id
    wait(mill, client, twice[0])
    ids = [batch.id for batch in client.batches.list(limit=2)]
    assert ids == sorted(ids, reverse=True)
    assert twice[0].id in ids


def test_deleting_a_batch_takes_its_sound_and_its_files_but_not_what_it_was_made_from(mill: Stack) -> None:
    client = sdk(mill)
    batch = wait(mill, client, begin(client, jsonl([line("a", "A."), line("b", "B.")])))
    view = batch.to_dict()
    made = {str(view[f"{name}_file_id"]) for name in ("output", "manifest", "archive")}
    assert made < {file.id for file in client.files.list()}
    client.files.delete(str(batch.output_file_id))
    objects = mill.folder / "objects"
    assert [path for path in objects.rglob("*") if batch.id in str(path)]
    with mill.http as http:
        answer = http.delete(f"/v1/batches/{batch.id}")
        assert (answer.status_code, answer.json()) == (200, {"id": batch.id, "object": "batch.deleted", "deleted": True})
        assert http.get(f"/v1/batches/{batch.id}/lines/1/content").status_code == 404
        assert http.delete(f"/v1/batches/{batch.id}").json()["error"]["code"] == "batch_not_found"
    with pytest.raises(openai.NotFoundError):
        client.batches.retrieve(batch.id)
    assert batch.id not in {each.id for each in client.batches.list()}
    assert not {file.id for file in client.files.list()} & made
    assert not [path for path in objects.rglob("*") if path.is_file() and batch.id in str(path)]
    assert client.files.retrieve(batch.input_file_id).purpose == "batch"


def test_a_batch_that_is_being_spoken_is_not_deleted(paced: Stack) -> None:
    client = sdk(paced)
    with held(paced), paced.http as http:
        batch = begin(client, jsonl([line("a", "HELD until it was tried.")]))
        refused = http.delete(f"/v1/batches/{batch.id}")
        assert (refused.status_code, refused.json()["error"]["code"]) == (409, "batch_not_ended")
    assert wait(paced, client, batch).status == "completed"


def test_a_batch_and_its_lines_are_no_jobs(mill: Stack) -> None:
    client = sdk(mill)
    batch = wait(mill, client, begin(client, jsonl([line("a", "A.")])))
    with mill.http as http:
        for job_id in (batch.id, f"{batch.id}.1"):
            assert http.get(f"/v1/audio/speech/jobs/{job_id}").status_code == 404
            assert http.get(f"/v1/audio/books/{job_id}").status_code == 404
        assert http.get(f"/v1/batches/{batch.id}.1").status_code == 404
        assert http.get(f"/v1/batches/{batch.id}/lines/2/content").status_code == 404
        assert http.get(f"/v1/batches/{batch.id}/lines/1/content", follow_redirects=True).headers["content-type"] == "audio/mpeg"
