"""Twenty identical requests at the same moment with one Idempotency-Key: one job, one synthesis, twenty equal answers."""

import threading
from concurrent.futures import ThreadPoolExecutor

import httpx

from tests.e2e.stack import Stack

AT_ONCE = 20


def ask_at_once(stack: Stack, path: str, body: dict[str, str], key: str) -> list[httpx.Response]:
    """Each client has its connection and its request ready before the first one is sent."""
    together = threading.Barrier(AT_ONCE)

    def ask(_: int) -> httpx.Response:
        with stack.http as http:
            http.get("/healthz")
            together.wait(60)
            return http.post(path, json=body, headers={"Idempotency-Key": key})

    with ThreadPoolExecutor(AT_ONCE) as pool:
        return list(pool.map(ask, range(AT_ONCE)))


def utterances(stack: Stack) -> float:
    """What voices have spoken since the stack began."""
    return stack.metric("speech_utterances_total") or 0


def jobs(stack: Stack) -> int:
    with stack.http as http:
        total: int = http.get("/v1/usage").json()["total"]["jobs"]
    return total


def n_replayed(answers: list[httpx.Response]) -> int:
    return sum(answer.headers.get("idempotent-replayed") == "true" for answer in answers)


def test_twenty_who_wait_for_audio_get_the_same_bytes_of_one_synthesis(stack: Stack) -> None:
    jobs_before, spoken_before = jobs(stack), utterances(stack)
    answers = ask_at_once(stack, "/v1/audio/speech", {"input": "Twenty want this sentence.", "response_format": "wav"}, "sync-20")
    assert [answer.status_code for answer in answers] == [200] * AT_ONCE
    assert len({answer.content for answer in answers}) == 1
    assert len({answer.headers["x-speech-job-id"] for answer in answers}) == 1
    assert n_replayed(answers) == AT_ONCE - 1
    assert jobs(stack) - jobs_before == 1
    assert utterances(stack) - spoken_before == 1


def test_twenty_who_want_a_job_get_the_same_one_and_it_is_spoken_once(stack: Stack) -> None:
    jobs_before, spoken_before = jobs(stack), utterances(stack)
    answers = ask_at_once(stack, "/v1/audio/speech/jobs", {"input": "Twenty want this job."}, "jobs-20")
    assert [answer.status_code for answer in answers] == [202] * AT_ONCE
    assert len({answer.json()["id"] for answer in answers}) == 1
    assert n_replayed(answers) == AT_ONCE - 1
    assert stack.wait(answers[0].json()["id"])["status"] == "completed"
    assert jobs(stack) - jobs_before == 1
    assert utterances(stack) - spoken_before == 1


def test_with_another_body_the_key_is_refused_and_nothing_is_spoken(stack: Stack) -> None:
    first = ask_at_once(stack, "/v1/audio/speech/jobs", {"input": "The first body of this key."}, "two-bodies")
    stack.wait(first[0].json()["id"])
    jobs_before, spoken_before = jobs(stack), utterances(stack)
    answers = ask_at_once(stack, "/v1/audio/speech/jobs", {"input": "Another body of this key."}, "two-bodies")
    assert [answer.status_code for answer in answers] == [422] * AT_ONCE
    assert {answer.json()["error"]["code"] for answer in answers} == {"idempotency_key_reused"}
    assert (jobs(stack), utterances(stack)) == (jobs_before, spoken_before)
