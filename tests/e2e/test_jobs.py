"""/v1/audio/speech/jobs: create, look, list, cancel, retry, delete, segments, content."""

import io
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest
import soundfile

from tests.e2e.stack import Stack, running_stack
from tests.e2e.test_speech import publish_catalogue

JOBS = "/v1/audio/speech/jobs"
LONG = "\n\n".join(" ".join(f"This is sentence {n} of paragraph {p}, which goes on for a while." for n in "abcdefghijkl")
                   for p in "wxyz")


def test_an_accepted_job_says_where_and_when_to_look(stack: Stack) -> None:
    with stack.http as http:
        answer = http.post(JOBS, json={"input": "Hello.", "metadata": {"book": "one"}})
    assert answer.status_code == 202
    job = answer.json()
    assert answer.headers["location"] == f"{JOBS}/{job['id']}"
    assert int(answer.headers["retry-after"]) >= 1
    assert int(answer.headers["openai-poll-after-ms"]) == 1000
    assert (job["object"], job["metadata"], job["priority"]) == ("audio.speech.job", {"book": "one"}, "batch")
    assert "input" not in job
    done = stack.wait(job["id"])
    assert (done["progress"], done["error"], done["attempts"]) == (100, None, 1)
    assert done["usage"] == {"input_characters": 6, "audio_seconds": done["output"]["duration_seconds"]}
    assert done["completed_at"] >= done["started_at"] >= done["created_at"]


def test_a_long_text_is_cut_spoken_and_joined(stack: Stack) -> None:
    job = stack.wait(stack.create(LONG, response_format="flac")["id"])
    counts = job["segments"]
    assert counts["total"] >= 10
    assert (counts["completed"], counts["failed"]) == (counts["total"], 0)
    sound, rate = soundfile.read(io.BytesIO(stack.audio(job["id"])))
    assert len(sound) / rate == pytest.approx(job["output"]["duration_seconds"], abs=0.002)


def test_segments_tile_the_text_and_carry_times(stack: Stack) -> None:
    job = stack.wait(stack.create(LONG, response_format="wav")["id"])
    segments: list[dict[str, Any]] = []
    with stack.http as http:
        after: str | int = ""
        while True:
            page = http.get(f"{JOBS}/{job['id']}/segments", params={"limit": 7, "after": after}).json()
            segments += page["data"]
            if not page["has_more"]:
                break
            after = page["last_id"]
    assert len(segments) == job["segments"]["total"]
    place = 0
    time_s = 0.0
    for segment in segments:
        start, end = segment["span"]
        assert start == place
        assert segment["text"] in LONG
        assert segment["status"] == "completed"
        assert time_s <= segment["start_seconds"] < segment["end_seconds"]
        place, time_s = end, segment["end_seconds"]
    assert place == len(LONG)
    assert time_s <= job["output"]["duration_seconds"] + 0.01


def test_segments_that_are_no_longer_kept_are_gone_and_their_place_in_storage_is_nobodys_business(stack: Stack) -> None:
    job = stack.wait(stack.create(LONG)["id"])
    for kept in (stack.folder / "objects").rglob(f"*{job['id']}/*"):
        kept.unlink()
    with stack.http as http:
        answer = http.get(f"{JOBS}/{job['id']}/segments")
    assert (answer.status_code, answer.json()["error"]["code"]) == (410, "content_expired")
    assert "t/local" not in answer.text


def test_the_same_text_again_is_not_spoken_again(stack: Stack) -> None:
    text = LONG.replace("sentence", "line")
    stack.wait(stack.create(text)["id"])
    again = stack.wait(stack.create(text, response_format="opus")["id"])
    with stack.http as http:
        segments = http.get(f"{JOBS}/{again['id']}/segments", params={"limit": 1000}).json()["data"]
    assert all(segment["cached"] for segment in segments)


def test_a_text_beyond_what_redis_keeps_goes_through_storage(stack: Stack) -> None:
    text = " ".join(f"Number {n} is a short sentence." for n in range(1500))
    job = stack.create(text)
    done = stack.wait(job["id"], timeout_s=120)
    assert done["status"] == "completed"
    assert done["segments"]["total"] > 100


def test_a_poller_that_waits_is_woken_by_the_end(stack: Stack) -> None:
    job = stack.create("Wait for me.")
    begun = time.monotonic()
    with stack.http as http:
        answer = http.get(f"{JOBS}/{job['id']}", headers={"Prefer": "wait=60"}, timeout=90)
    assert answer.json()["status"] == "completed"
    assert answer.headers["preference-applied"] == "wait=60"
    assert time.monotonic() - begun < 50, "it was not woken, but had waited long enough"


def test_an_etag_saves_the_answer_and_changes_with_the_job(stack: Stack) -> None:
    job = stack.create("Tag me.")
    stack.wait(job["id"])
    with stack.http as http:
        tag = http.get(f"{JOBS}/{job['id']}").headers["etag"]
        assert http.get(f"{JOBS}/{job['id']}", headers={"If-None-Match": tag}).status_code == 304
        assert http.get(f"{JOBS}/{job['id']}", headers={"If-None-Match": '"1"'}).status_code == 200


def test_content_is_a_redirect_to_a_url_that_needs_no_key_and_cannot_be_altered(stack: Stack) -> None:
    job = stack.wait(stack.create("Fetch me.", response_format="wav")["id"])
    with stack.http as http:
        redirect = http.get(f"{JOBS}/{job['id']}/content")
        assert redirect.status_code == 302
        url = redirect.headers["location"]
        whole = http.get(url)
        assert whole.status_code == 200
        assert whole.headers["content-type"] == "audio/wav"
        assert f"{job['id']}.wav" in whole.headers["content-disposition"]
        part = http.get(url, headers={"Range": "bytes=10-19"})
        assert (part.status_code, part.content) == (206, whole.content[10:20])
        assert part.headers["content-range"] == f"bytes 10-19/{len(whole.content)}"
        assert http.get(url, headers={"Range": "bytes=-5"}).content == whole.content[-5:]
        beyond = http.get(url, headers={"Range": f"bytes={len(whole.content)}-"})
        assert (beyond.status_code, beyond.json()["error"]["code"]) == (416, "range_not_satisfiable")
        assert beyond.headers["content-range"] == f"bytes */{len(whole.content)}"
        altered = http.get(url.replace(job["id"], job["id"][:-1] + ("0" if job["id"][-1] != "0" else "1")))
        assert altered.status_code == 403
        assert altered.json()["error"]["code"] == "url_altered"
        assert http.get(f"{JOBS}/{job['id']}/content", params={"variant": "video"}).json()["error"]["param"] == "variant"


def test_a_job_that_is_not_there_is_404(stack: Stack) -> None:
    with stack.http as http:
        for method, path in (("GET", ""), ("POST", "/cancel"), ("POST", "/retry"), ("DELETE", ""), ("GET", "/content"),
                             ("GET", "/segments")):
            answer = http.request(method, f"{JOBS}/speech_none{path}")
            assert answer.status_code == 404, (method, path)
            assert answer.json()["error"]["code"] == "job_not_found"


def test_lists_have_pages_and_filters(stack: Stack) -> None:
    ids = [stack.create(f"List me {n}.")["id"] for n in range(5)]
    for job_id in ids:
        stack.wait(job_id)
    with stack.http as http:
        first = http.get(JOBS, params={"limit": 2}).json()
        assert [job["id"] for job in first["data"]] == [ids[4], ids[3]]
        assert (first["object"], first["first_id"], first["last_id"], first["has_more"]) == ("list", ids[4], ids[3], True)
        second = http.get(JOBS, params={"limit": 2, "after": first["last_id"]}).json()
        assert [job["id"] for job in second["data"]] == [ids[2], ids[1]]
        oldest = http.get(JOBS, params={"order": "asc", "after": ids[3], "status": "completed"}).json()
        assert oldest["data"][0]["id"] == ids[4]
        for name, value in (("limit", "0"), ("limit", "101"), ("limit", "x"), ("limit", "0000000019999"), ("limit", "²"),
                            ("order", "up"), ("status", "gone"), ("after", "speech_x")):
            bad = http.get(JOBS, params={name: value})
            assert (bad.status_code, bad.json()["error"]["param"]) == (400, name)


def test_an_ended_job_is_deleted_with_its_result(stack: Stack) -> None:
    job = stack.wait(stack.create("Delete me.")["id"])
    with stack.http as http:
        assert http.post(f"{JOBS}/{job['id']}/cancel").status_code == 409
        assert http.post(f"{JOBS}/{job['id']}/cancel").headers["x-should-retry"] == "false"
        assert http.post(f"{JOBS}/{job['id']}/retry").json()["error"]["code"] == "job_not_failed"
        url = http.get(f"{JOBS}/{job['id']}/content").headers["location"]
        gone = http.delete(f"{JOBS}/{job['id']}").json()
        assert gone == {"id": job["id"], "object": "audio.speech.job.deleted", "deleted": True}
        assert http.get(f"{JOBS}/{job['id']}").status_code == 404
        assert http.get(url).status_code == 410


def test_twenty_identical_posts_with_one_key_are_one_job(stack: Stack) -> None:
    def post(_: int) -> httpx.Response:
        with stack.http as http:
            return http.post(JOBS, json={"input": "Only once. " * 2000}, headers={"Idempotency-Key": "twenty"})

    with ThreadPoolExecutor(20) as pool:
        answers = list(pool.map(post, range(20)))
    assert {answer.status_code for answer in answers} == {202}
    assert len({answer.json()["id"] for answer in answers}) == 1
    assert sum("idempotent-replayed" not in answer.headers for answer in answers) == 1


def test_a_key_used_with_another_body_is_422(stack: Stack) -> None:
    with stack.http as http:
        http.post(JOBS, json={"input": "One."}, headers={"Idempotency-Key": "reused"})
        answer = http.post(JOBS, json={"input": "Two."}, headers={"Idempotency-Key": "reused"})
    assert answer.status_code == 422
    assert answer.json()["error"]["code"] == "idempotency_key_reused"


def test_a_queued_job_is_cancelled_and_can_expire(tmp_path_factory: pytest.TempPathFactory) -> None:
    with running_stack(tmp_path_factory.mktemp("nobody"), workers=False) as idle:
        publish_catalogue(idle)
        cancelled = idle.create("Never mind.")
        with idle.http as http:
            answer = http.post(f"{JOBS}/{cancelled['id']}/cancel")
            assert (answer.status_code, answer.json()["status"]) == (200, "cancelled")
            assert http.get(f"{JOBS}/{cancelled['id']}/content").json()["error"]["code"] == "job_not_completed"
        expired = idle.wait(idle.create("Too late.", deadline=1)["id"])
        assert (expired["status"], expired["error"]["code"]) == ("expired", "deadline_exceeded")


def test_models_and_voices_are_listed_for_every_kind_of_client(stack: Stack) -> None:
    with stack.http as http:
        models = http.get("/v1/models").json()
        assert [model["id"] for model in models["data"]] == ["tone", "tts-1", "tts-1-hd", "gpt-4o-mini-tts"]
        assert http.get("/v1/models/tts-1").json()["alias_of"] == "tone"
        assert http.get("/v1/models/none").status_code == 404
        voices = http.get("/v1/audio/voices").json()["voices"]
        assert {"id", "name"} <= voices[0].keys()
        assert http.get("/audio/voices").json()["voices"] == voices
        assert http.get("/audio/models").json()["models"]
        assert http.get("/v1/audio/voices", params={"model": "nope"}).json()["error"]["param"] == "model"


def test_the_openapi_document_describes_the_speech_body(stack: Stack) -> None:
    with stack.http as http:
        document = http.get("/openapi.json").json()
    body = document["paths"]["/v1/audio/speech"]["post"]["requestBody"]["content"]["application/json"]["schema"]
    assert {"input", "voice", "response_format", "speed", "webhook", "metadata"} <= body["properties"].keys()
    assert body["required"] == ["input"]
