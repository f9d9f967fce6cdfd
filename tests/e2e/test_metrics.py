"""What Prometheus scrapes, and what is built on it: the dashboard and the alerts."""

import json
import re
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import promql_parser
import pytest
import yaml  # type: ignore[import-untyped]

from producer.metrics import own, store, workers
from tests.e2e.scrape import Scrape, scrape
from tests.e2e.stack import Stack, running_stack
from tests.e2e.worker_process import until
from tests.services.rclone_s3 import running_rclone

ROOT = Path(__file__).parents[2]
DESCRIBED = {metric.name: metric for metric in (*store.DESCRIBED, *workers.DESCRIBED, *own.DESCRIBED)}
PROMETHEUS_WAITS_S = 10
"""Its scrape_timeout, where nothing else is said."""
BOOK = " ".join(f"Sentence {n} of a book that is long enough to be cut." for n in range(20))


@pytest.fixture
def used(stack: Stack) -> Scrape:
    """A scrape after a job of one unit and one of several."""
    for text in ("A short one.", BOOK):
        assert stack.wait(stack.create(text)["id"])["status"] == "completed"
    return scrape(stack)


def test_a_scrape_has_every_metric_that_is_described_and_no_other(used: Scrape) -> None:
    ours = {name: family for name, family in used.families.items() if name.startswith("speech_")}
    assert {name: family.type for name, family in ours.items()} == {name: metric.type for name, metric in DESCRIBED.items()}
    for name, family in ours.items():
        for sample in family.samples:
            assert set(sample.labels) - {"le"} == set(DESCRIBED[name].labels), sample


def test_no_label_names_a_job_or_a_tenant(used: Scrape) -> None:
    values = {value for family in used.families.values() for sample in family.samples for value in sample.labels.values()}
    assert not [value for value in values if re.search(r"speech_[0-9a-f]{32}|^local$", value)]


def is_idle(stack: Stack) -> bool:
    """Whether no job is left, of whatever test."""
    with stack.http as http:
        return not any(http.get("/v1/audio/speech/jobs", params={"status": status}).json()["data"]
                       for status in ("queued", "in_progress", "cancelling"))


def test_what_was_done_is_counted(stack: Stack) -> None:
    until(lambda: is_idle(stack), stack.logs())
    before = scrape(stack)
    text = f"Count me, {time.time_ns()}."
    assert stack.wait(stack.create(text)["id"])["status"] == "completed"
    assert stack.wait(stack.create(text, response_format="wav")["id"])["status"] == "completed"  # the same sound again
    after = scrape(stack)

    def more(name: str, **labels: str) -> float:
        return (after.value(name, **labels) or 0) - (before.value(name, **labels) or 0)

    assert (more("speech_jobs_total", status="accepted"), more("speech_jobs_total", status="completed")) == (2, 2)
    assert (more("speech_segments_total", source="spoken"), more("speech_segments_total", source="cached")) == (1, 1)
    assert more("speech_units_total", outcome="done") == 2
    assert more("speech_queue_wait_seconds_count", **{"class": "batch"}) == 2
    assert more("speech_audio_seconds_total") > 0.5
    assert more("speech_http_requests_total", method="POST", route="/v1/audio/speech/jobs", status="202") == 2
    assert (after.value("speech_redis_up"), after.value("speech_storage_up")) == (1, 1)
    assert after.value("speech_workers", role="speech", state="ready") == 1


def test_paths_that_clients_make_up_make_no_series(stack: Stack) -> None:
    with stack.http as http:
        http.get("/v1/audio/speech/jobs/never-heard-of-it")
        http.get("/made/up/path")
        http.request("BREW", "/made/up/path")
    requests = [sample.labels for sample in scrape(stack).families["speech_http_requests_total"].samples]
    assert {"method": "GET", "route": "/v1/audio/speech/jobs/{job_id}", "status": "404"} in requests
    assert {"method": "GET", "route": "other", "status": "404"} in requests
    assert not [labels for labels in requests if "made" in labels["route"] or labels["method"] == "BREW"]


@pytest.fixture
def stack_on_s3(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Stack, Any]]:
    folder = tmp_path_factory.mktemp("watched")
    with running_rclone(folder) as server, running_stack(folder / "stack", s3=server.settings("speech")) as stack:
        yield stack, server


def test_with_redis_or_storage_away_a_scrape_says_so_and_errors_are_counted(stack_on_s3: tuple[Stack, Any]) -> None:
    stack, server = stack_on_s3
    server.kill()
    job = stack.create("Spoken while storage is away.")
    with stack.http as http:
        assert http.post("/v1/audio/speech/jobs", json={"input": "A large one. " * 5000}).status_code == 503
    until(lambda: scrape(stack).value("speech_worker_storage_errors_total", role="speech", operation="write"), stack.logs())
    away = scrape(stack)
    assert (away.value("speech_redis_up"), away.value("speech_storage_up")) == (1, 0)
    assert away.value("speech_producer_storage_errors_total", operation="write")
    server.restart()
    assert stack.wait(job["id"])["status"] == "completed"
    stack.redis.kill()
    begun = time.monotonic()
    away = scrape(stack)
    assert time.monotonic() - begun < PROMETHEUS_WAITS_S
    assert (away.value("speech_redis_up"), away.value("speech_storage_up")) == (0, 1)
    assert away.value("speech_jobs_total") is None
    assert away.value("speech_http_requests_total")
    stack.redis.restart()
    until(lambda: scrape(stack).value("speech_redis_up") == 1, stack.logs())


def test_producers_that_share_a_port_count_together(tmp_path_factory: pytest.TempPathFactory) -> None:
    with running_stack(tmp_path_factory.mktemp("together"), workers=False, PRODUCER__PROCESSES="3") as stack:
        for _ in range(30):
            httpx.get(f"{stack.base_url}/v1/models")  # each on a connection of its own: any process may answer

        def counted() -> float | None:
            return scrape(stack).value("speech_http_requests_total", route="/v1/models", status="200")

        until(lambda: counted() == 30, "not all are counted")  # the last answer may be here before it is
        assert {counted() for _ in range(10)} == {30}


def queries_of_the_dashboard() -> Iterator[tuple[str, str]]:
    dashboard = json.loads((ROOT / "deploy/grafana/speechmill.json").read_text("utf-8"))
    for panel in dashboard["panels"]:
        for target in panel.get("targets", ()):
            yield panel["title"], target["expr"].replace("$__rate_interval", "5m")


def queries_of_the_alerts() -> Iterator[tuple[str, str]]:
    for group in yaml.safe_load((ROOT / "deploy/prometheus/alerts.yml").read_text("utf-8"))["groups"]:
        for rule in group["rules"]:
            yield rule["alert"], rule["expr"]


def selectors(expression: Any) -> Iterator[Any]:
    """Every metric that a parsed query reads."""
    if isinstance(expression, promql_parser.VectorSelector):
        yield expression
    for part in ("expr", "lhs", "rhs", "vector_selector"):
        if (inner := getattr(expression, part, None)) is not None:
            yield from selectors(inner)
    for argument in getattr(expression, "args", ()):
        yield from selectors(argument)


def test_every_query_of_dashboard_and_alerts_reads_what_a_scrape_has(used: Scrape) -> None:
    queries = [*queries_of_the_dashboard(), *queries_of_the_alerts()]
    assert len(queries) > 50
    for title, query in queries:
        read = list(selectors(promql_parser.parse(query)))
        assert read, f"{title}: {query}"
        for selector in read:
            assert selector.name in used.sample_names, f"{title}: {query}"
            labels = {matcher.name for matcher in selector.matchers.matchers}
            family = selector.name if selector.name in DESCRIBED else re.sub("_(bucket|sum|count)$", "", selector.name)
            assert labels <= set(DESCRIBED[family].labels), f"{title}: {query}"


def test_almost_every_metric_is_on_the_dashboard() -> None:
    text = " ".join(query for _, query in queries_of_the_dashboard())
    unseen = {name for name in DESCRIBED if name not in text}
    assert unseen == {"speech_queue_characters", "speech_slots_warming", "speech_worker_start_time_seconds"}


def test_every_alert_says_what_is_wrong_and_how_bad_it_is() -> None:
    rules = [rule for group in yaml.safe_load((ROOT / "deploy/prometheus/alerts.yml").read_text("utf-8"))["groups"]
             for rule in group["rules"]]
    assert len({rule["alert"] for rule in rules}) == len(rules)
    for rule in rules:
        assert set(rule) <= {"alert", "expr", "for", "labels", "annotations"}
        assert rule["labels"]["severity"] in ("critical", "warning")
        assert set(rule["annotations"]) == {"summary", "description"}
        assert re.fullmatch(r"\d+[smhd]", rule.get("for", "0s"))
