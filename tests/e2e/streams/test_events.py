"""The events of jobs and books: a snapshot first, each change after it, the end last; whoever comes back goes on where it was."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx
import pytest

from tests.e2e.held import held
from tests.e2e.stack import Stack
from tests.e2e.streams.listener import Event, events

JOBS = "/v1/audio/speech/jobs"


def long_text(about: str) -> str:
    """Segments that nobody has spoken before."""
    return " ".join(f"Sentence {n} about {about}, of a text that is made of many, to be spoken aloud." for n in range(24))


@contextmanager
def following(stack: Stack, url: str, **request: Any) -> Iterator[Iterator[Event]]:
    with stack.http as http, http.stream("GET", url, **request) as answer:
        assert answer.status_code == 200, answer.read()
        assert answer.headers["content-type"].startswith("text/event-stream")
        assert (answer.headers["cache-control"], answer.headers["x-accel-buffering"]) == ("no-store", "no")
        yield events(answer.iter_lines())


def followed(mill: Stack, about: str) -> tuple[dict[str, Any], list[Event]]:
    """A job, and all its events."""
    job = mill.create(long_text(about))
    with following(mill, job["urls"]["events"]) as heard:
        return job, list(heard)


def test_a_job_is_followed_from_a_snapshot_to_its_end(mill: Stack) -> None:
    for about in ("rain", "hail", "snow"):  # a producer that has no time misses steps between
        job, seen = followed(mill, about)
        if len(seen) > 3:
            break
    assert len(seen) > 3
    assert seen[0].data["data"]["id"] == job["id"]
    versions = [int(event.id) for event in seen]
    assert versions == sorted(set(versions))
    progress = [event.data["data"]["progress"] for event in seen]
    assert progress == sorted(progress)
    assert [event.type for event in seen].count("speech.job.completed") == 1
    assert seen[-1].type == "speech.job.completed"
    with mill.http as http:
        view = http.get(job["urls"]["get"]).json()
    assert {**seen[-1].data["data"], "output": None} == {**view, "output": None}
    assert seen[-1].data["data"]["output"]["sha256"] == view["output"]["sha256"]


@pytest.mark.parametrize("told", ["Last-Event-ID", "starting_after"])
def test_whoever_comes_back_is_not_told_again_what_it_knows(mill: Stack, told: str) -> None:
    with held(mill):
        job = mill.create(f"{long_text('coming back')} It is HELD here, until it is back with {told}.")
        with following(mill, job["urls"]["events"]) as heard:
            known = next(heard)
    resumed = {"headers": {told: known.id}} if told == "Last-Event-ID" else {"params": {told: known.id}}
    with following(mill, job["urls"]["events"], **resumed) as heard:
        seen = list(heard)
    assert seen[-1].type == "speech.job.completed"
    assert min(int(event.id) for event in seen) > int(known.id)


def test_whoever_has_seen_the_end_is_told_to_come_back_no_more(mill: Stack) -> None:
    job = mill.create("Short.")
    mill.wait(job["id"])
    with following(mill, job["urls"]["events"]) as heard:
        [end] = heard
    with mill.http as http:
        again = http.get(job["urls"]["events"], headers={"Last-Event-ID": end.id})
    assert (again.status_code, again.content) == (204, b"")


def test_a_job_that_nobody_knows_has_no_events(mill: Stack) -> None:
    with mill.http as http:
        answer = http.get(f"{JOBS}/speech_nobody/events")
    assert (answer.status_code, answer.json()["error"]["code"]) == (404, "job_not_found")


def test_a_cancel_is_seen_at_once(mill: Stack) -> None:
    with held(mill):
        job = mill.create("It is HELD here, and then cancelled.")
        with following(mill, job["urls"]["events"]) as heard, mill.http as http:
            next(heard)
            http.post(job["urls"]["cancel"])
            assert list(heard)[-1].type == "speech.job.cancelled"


def test_a_book_is_followed_to_its_end_with_its_chapters(mill: Stack) -> None:
    with httpx.Client(base_url=mill.base_url, timeout=60) as http:
        made = http.post("/v1/audio/books", json={"title": "Two", "chapters": [
            {"title": "One", "text": "The first chapter."}, {"title": "Two", "text": "The second chapter."}]})
    assert made.status_code == 202, made.text
    with following(mill, made.json()["urls"]["events"]) as heard:
        seen = list(heard)
    assert seen[-1].type == "book.completed"
    assert [chapter["status"] for chapter in seen[-1].data["data"]["chapters"]] == ["completed", "completed"]
    with mill.http as http:
        again = http.get(made.json()["urls"]["events"], params={"starting_after": seen[-1].id})
    assert again.status_code == 204
