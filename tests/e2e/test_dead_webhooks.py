"""A receiver that is away until the schedule has ended: its events are kept as dead, and an operator sends them again."""

import json
import subprocess
import sys
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

import pytest
import standardwebhooks

from tests.e2e.stack import SECRET, Stack, running_stack
from tests.e2e.worker_process import until
from tests.services.program import free_port

DELIVERIES = "/v1/webhooks/deliveries"


class Endpoint:
    """A receiver at an address of its own, where nothing listens before `start` and after `stop`."""

    def __init__(self) -> None:
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}/hook"
        self.received: list[tuple[dict[str, str], bytes]] = []
        self._server: ThreadingHTTPServer | None = None

    def start(self) -> None:
        received = self.received

        class Answering(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                received.append(({name.lower(): value for name, value in self.headers.items()}, body))
                self.send_response(200)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", self.port), Answering)
        self._thread = Thread(target=self._server.serve_forever)
        self._thread.start()

    def stop(self) -> None:
        if self._server:
            self._server.shutdown()
            self._server.server_close()
            self._thread.join()

    @property
    def ids(self) -> list[str]:
        return [json.loads(body)["id"] for _, body in self.received]


@pytest.fixture
def endpoint() -> Iterator[Endpoint]:
    it = Endpoint()
    yield it
    it.stop()


@pytest.fixture(scope="module")
def impatient(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """Its schedule is over within a second."""
    with running_stack(tmp_path_factory.mktemp("impatient"), WEBHOOKS__DELAYS_S="0,0.2,0.3") as stack:
        yield stack


def dead(stack: Stack) -> list[dict[str, Any]]:
    with stack.http as http:
        answer = http.get(DELIVERIES, params={"state": "dead", "limit": 100})
        assert answer.status_code == 200, answer.text
        return list(answer.json()["data"])


def give_up(stack: Stack, endpoint: Endpoint) -> dict[str, Any]:
    """A job whose event nobody takes, until it is dead; returns it as the API lists it."""
    job = stack.create("Nobody listens.", webhook={"url": endpoint.url}, metadata={"order": "7"})
    until(lambda: job["id"] in [event["job_id"] for event in dead(stack)], "the event is not given up")
    return next(event for event in dead(stack) if event["job_id"] == job["id"])


def command(stack: Stack, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-m", "speechmill.cli.main", "webhook", *arguments, "--url", stack.base_url],
                          capture_output=True, text=True, check=False)


def test_after_the_last_try_an_event_is_dead_and_a_replay_delivers_it_under_its_id(impatient: Stack, endpoint: Endpoint) -> None:
    event = give_up(impatient, endpoint)
    assert (event["state"], event["attempts"], event["url"]) == ("dead", 3, endpoint.url)
    assert event["last_status"] is None
    assert "refused" in event["last_error"]

    endpoint.start()
    with impatient.http as http:
        answer = http.post(f"{DELIVERIES}/{event['id']}/replay")
    assert (answer.status_code, answer.json()["state"]) == (202, "pending")
    until(lambda: endpoint.received, "the event did not come")
    headers, body = endpoint.received[0]
    standardwebhooks.Webhook(SECRET).verify(body.decode(), headers)
    told = json.loads(body)
    assert (told["id"], headers["webhook-id"], told["type"]) == (event["id"], event["id"], "speech.job.completed")
    assert (told["data"]["id"], told["data"]["metadata"]) == (event["job_id"], {"order": "7"})
    assert event["id"] not in [listed["id"] for listed in dead(impatient)]
    with impatient.http as http:
        until(lambda: http.post(f"{DELIVERIES}/{event['id']}/replay").status_code == 409, "it can be sent a third time")
    assert endpoint.ids == [event["id"]]


def test_a_replay_to_an_endpoint_that_is_still_away_goes_through_the_whole_schedule_again(impatient: Stack,
                                                                                          endpoint: Endpoint) -> None:
    event = give_up(impatient, endpoint)
    with impatient.http as http:
        assert http.post(f"{DELIVERIES}/{event['id']}/replay").status_code == 202

    def given_up_again() -> bool:
        return [listed["attempts"] for listed in dead(impatient) if listed["id"] == event["id"]] == [3]

    until(given_up_again, "it is not given up again")


def test_an_operator_lists_dead_events_and_sends_one_or_all_of_them_again(impatient: Stack, endpoint: Endpoint) -> None:
    events = [give_up(impatient, endpoint) for _ in range(3)]
    listed = command(impatient, "dead")
    assert listed.returncode == 0, listed.stderr
    assert all(event["id"] in listed.stdout and endpoint.url in listed.stdout for event in events)
    page = json.loads(command(impatient, "dead", "--json").stdout)
    assert {event["id"] for event in events} <= {each["id"] for each in page["data"]}

    endpoint.start()
    one = command(impatient, "replay", events[0]["id"])
    assert one.stdout == f"{events[0]['id']} is on its way again.\n"
    until(lambda: endpoint.ids == [events[0]["id"]], "the event did not come")
    others = command(impatient, "replay", "--all")
    assert others.returncode == 0, others.stderr
    until(lambda: set(endpoint.ids) == {event["id"] for event in events}, "not all events came")


def test_what_cannot_be_replayed_is_refused_with_a_reason(impatient: Stack, endpoint: Endpoint) -> None:
    unknown = command(impatient, "replay", "evt_0123")
    assert (unknown.returncode, "There is no event 'evt_0123'" in unknown.stderr) == (3, True)
    assert command(impatient, "replay").returncode == command(impatient, "replay", "evt_1", "--all").returncode == 2
    event = give_up(impatient, endpoint)
    with impatient.http as http:
        assert http.delete(f"/v1/audio/speech/jobs/{event['job_id']}").status_code == 200
        gone = http.post(f"{DELIVERIES}/{event['id']}/replay")
        assert (gone.status_code, gone.json()["error"]["code"]) == (410, "job_gone")
        for query, wanted in (({"state": "alive"}, "state"), ({"limit": "0"}, "limit"), ({"after": "evt_0123"}, "after")):
            refused = http.get(DELIVERIES, params=query)
            assert (refused.status_code, refused.json()["error"]["param"]) == (400, wanted)
