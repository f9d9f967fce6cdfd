"""Another server as a voice, through the whole system: our queue in front of our own sync endpoint, which speaks tones."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.held import held
from tests.e2e.stack import Stack, running_stack
from tests.e2e.worker_process import ready_workers, start_worker, until

SENTENCE = "The quick brown fox jumps over the lazy dog. "


@pytest.fixture(scope="module")
def far(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """The one that speaks, at a pace, so that it can be stopped in the middle."""
    with running_stack(tmp_path_factory.mktemp("far"), workers=False, PRODUCER__ABANDON_AFTER_S="0") as stack:
        start_worker(stack, "speech")
        start_worker(stack, "cpu")
        yield stack


@pytest.fixture(scope="module")
def near(far: Stack, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """The one that clients know. Its speech worker starts while the other's producer is away."""
    producer = far.programs["producer"]
    producer.stop()
    with running_stack(tmp_path_factory.mktemp("near"), workers=False, WORKER__VOICE="remote", REMOTE__URL=far.base_url,
                       REMOTE__FIELDS="speechmill", REMOTE__NAME="far-tone", REMOTE__PATIENCE_S="5") as stack:
        stack.start("cpu", "worker", "cpu")
        stack.start("speech", "worker", "speech")
        log = stack.folder / "speech.log"
        until(lambda: "waiting for the speech server" in log.read_text(), "it does not wait")
        until(lambda: len(ready_workers(stack)) == 1, "the cpu worker is not ready")
        producer.launch()
        stack.wait_ready()
        yield stack


def speech(stack: Stack, text: str, **fields: object) -> bytes:
    with stack.http as http:
        answer = http.post("/v1/audio/speech", json={"input": text, "response_format": "pcm", **fields})
    assert answer.status_code == 200, answer.text
    return answer.content


def test_what_the_other_offers_is_offered_here_under_the_name_that_was_set(near: Stack) -> None:
    with near.http as http:
        model = http.get("/v1/models/far-tone").json()
        voices = {voice["id"]: voice for voice in http.get("/v1/audio/voices").json()["voices"]}
    assert set(voices) == {"low", "middle", "high", "whistle"}
    assert voices["middle"]["default"]
    assert "alloy" in voices["low"]["aliases"]
    assert set(model["languages"]) >= {"de", "en", "zh"}


@pytest.mark.parametrize("fields", [{"voice": "high", "language": "de", "seed": 42},
                                    {"voice": "nova", "language": "ja", "seed": 1}])
def test_its_sound_comes_through_byte_for_byte(far: Stack, near: Stack, fields: dict[str, object]) -> None:
    ours = speech(near, "Good morning to all of you.", model="far-tone", **fields)
    theirs = speech(far, "Good morning to all of you.", model="tone", **fields)
    assert len(ours) > 24_000
    assert ours == theirs


def test_a_long_text_is_cut_here_and_each_segment_is_spoken_there_and_kept(near: Stack) -> None:
    job = near.wait(near.create(SENTENCE * 20, voice="low", response_format="flac")["id"])
    assert job["status"] == "completed"
    assert job["segments"]["total"] > 2
    assert job["output"]["duration_seconds"] > 20
    again = near.wait(near.create(SENTENCE * 20, voice="low", response_format="wav")["id"])
    with near.http as http:
        segments = http.get(f"/v1/audio/speech/jobs/{again['id']}/segments").json()["data"]
    assert all(segment["cached"] for segment in segments)


def test_a_cancelled_job_is_cancelled_there_too(far: Stack, near: Stack) -> None:
    with held(far):
        job_id = near.create("It is HELD there, says the tortoise.", voice="whistle")["id"]
        with far.http as http:
            def running() -> list[str]:
                listed = http.get("/v1/audio/speech/jobs", params={"status": "in_progress"}).json()["data"]
                return [job["id"] for job in listed]

            until(running, "it is not spoken")
            (their_id,) = running()
        with near.http as http:
            assert http.post(f"/v1/audio/speech/jobs/{job_id}/cancel").status_code == 200
        assert near.wait(job_id)["status"] == "cancelled"
        assert far.wait(their_id)["status"] == "cancelled"


def test_a_server_that_is_away_for_longer_than_an_utterance_may_take_costs_time_and_no_try(far: Stack, near: Stack) -> None:
    far.programs["producer"].kill()
    job_id = near.create("Is anybody there?", voice="middle", seed=9)["id"]
    log = near.folder / "speech.log"
    given_back = "giving back, uncharged: The speech server cannot be reached."
    until(lambda: given_back in log.read_text(), "it is not given back")
    assert near.job(job_id)["error"] is None
    far.programs["producer"].launch()
    assert near.wait(job_id)["status"] == "completed"


def test_the_worker_loads_no_torch(near: Stack) -> None:
    assert "torch" not in Path(f"/proc/{near.programs['speech'].pid}/maps").read_text()
