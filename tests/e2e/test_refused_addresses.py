"""No address inside is ever called: whatever form it is written in, the producer refuses it and no worker dials it. A trap on
loopback counts who connects; there must be nobody.

What a name leads to, and that it may change its mind, is the business of tests/contract/test_rebinding.py; redirects and the
egress proxy are that of tests/contract/test_deliver.py.
"""

import random
import socket
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest

from speechmill.job import Phase
from speechmill.request import SpeechSpec, WebhookSpec
from speechmill.settings import RedisSettings, Settings
from speechmill.store import deliveries, endpoints, verbs
from speechmill.store.client import Store
from speechmill.store.endpoints import NewEndpoint
from speechmill.store.verbs import Submission
from tests.e2e.stack import Stack, running_stack
from tests.e2e.worker_process import until
from tests.refused_addresses import FORMS, Trap

ENDPOINTS = "/v1/webhook_endpoints"
MILL = "local"


@dataclass
class Listeners:
    """Doors on one loopback address of IPv4 and on that of IPv6, each open to everybody."""

    trap: Trap
    n_connections: int = 0
    _counting: threading.Lock = field(default_factory=threading.Lock)
    _doors: list[socket.socket] = field(default_factory=list)

    def listen(self, address: str, port: int) -> None:
        family = socket.AF_INET6 if ":" in address else socket.AF_INET
        self._doors.append(socket.create_server((address, port), family=family))
        threading.Thread(target=self._accept, args=(self._doors[-1],), daemon=True).start()

    def _accept(self, door: socket.socket) -> None:
        while True:
            try:
                conn, _ = door.accept()
            except OSError:
                return
            with self._counting:
                self.n_connections += 1
            conn.close()

    def close(self) -> None:
        for door in self._doors:
            door.close()


@pytest.fixture(scope="module")
def listeners() -> Iterator[Listeners]:
    """Linux has all of 127.0.0.0/8 on loopback: an address that nobody else uses, so that the usual port is free there."""
    numbers = random.SystemRandom()
    dotted = f"127.{numbers.randint(1, 254)}.{numbers.randint(1, 254)}.{numbers.randint(8, 254)}"
    with socket.create_server((dotted, 0)) as free:
        port = free.getsockname()[1]
    listening = Listeners(Trap(dotted, port))
    listening.listen(dotted, 8443)
    listening.listen(dotted, port)
    listening.listen("::1", port)
    yield listening
    listening.close()


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """As it is when nobody allows any network; each event is tried once."""
    with running_stack(tmp_path_factory.mktemp("refused"), WEBHOOKS__ALLOW_CIDRS="", WEBHOOKS__DELAYS_S="0",
                       LIMITS__WEBHOOK_ENDPOINTS="0") as running:
        yield running


@pytest.fixture(scope="module")
def store(stack: Stack) -> Iterator[Store]:
    opened = Store.open(Settings(redis=RedisSettings(url=stack.redis.url)))
    yield opened
    opened.close()


@pytest.fixture(scope="module")
def known(stack: Stack) -> str:
    """An endpoint with an address that may be called, to be changed for the worse."""
    with stack.http as http:
        return str(http.post(ENDPOINTS, json={"url": "https://8.8.8.8/", "events": ["webhook_endpoint.disabled"]}).json()["id"])


@pytest.mark.parametrize("form", FORMS.values(), ids=FORMS)
def test_the_producer_refuses_it_for_a_job_for_an_endpoint_and_for_a_change(stack: Stack, listeners: Listeners, known: str,
                                                                            form: str) -> None:
    url = listeners.trap.url(form)
    asked: list[tuple[str, dict[str, Any], str]] = [
        ("/v1/audio/speech/jobs", {"input": "Hello.", "webhook": {"url": url}}, "webhook.url"),
        (ENDPOINTS, {"url": url}, "url"),
        (f"{ENDPOINTS}/{known}", {"url": url}, "url"),
    ]
    with stack.http as http:
        for path, body, param in asked:
            answer = http.post(path, json=body)
            assert (answer.status_code, answer.json()["error"]["param"]) == (400, param), answer.text
            assert answer.json()["error"]["message"].startswith(f"{param} ")
        assert http.get(f"{ENDPOINTS}/{known}").json()["url"] == "https://8.8.8.8/"
    assert listeners.n_connections == 0


def test_no_worker_dials_one_that_got_into_the_store_all_the_same(stack: Stack, store: Store, listeners: Listeners) -> None:
    """As if the rules had been looser when it came in: for each form an endpoint with a test event, and a job with a webhook."""
    urls = [listeners.trap.url(form) for form in FORMS.values()]
    for n, url in enumerate(urls):
        endpoint_id = f"we_{n:04}"
        store.run(endpoints.make_endpoint(NewEndpoint(endpoint_id, MILL, url, ["webhook_endpoint.disabled"], "", {}), 0))
        store.run(endpoints.test_endpoint(endpoint_id, MILL, f"evt_{n:04}"))
        spec = SpeechSpec(model="no-such-model", voice="low", language="en",
                          webhook=WebhookSpec(url=url, events=("speech.job.cancelled",)))
        store.run(verbs.submit(Submission(
            job_id=f"speech_{n:04}", tenant=MILL, spec=spec, phase=Phase.WHOLE, characters=6, text="Hello.", input_key="",
            request_id="", fingerprint=f"refused-{n}")))
        assert store.run(verbs.cancel(f"speech_{n:04}", MILL))[0] == "done"

    def dead() -> list[deliveries.DeadEvent]:
        found = store.run(deliveries.dead_events(MILL, after="", limit=1000))
        assert found is not None
        return found

    until(lambda: len(dead()) == 2 * len(urls), "not all of them were tried")
    assert {event.url for event in dead()} == set(urls)
    assert {event.status for event in dead()} == {None}
    assert [event.error for event in dead() if not event.error.startswith("webhook.url ")] == []
    assert listeners.n_connections == 0


def test_the_trap_would_have_noticed(listeners: Listeners) -> None:
    for port in (8443, listeners.trap.port):
        socket.create_connection((listeners.trap.dotted, port)).close()
    socket.create_connection(("::1", listeners.trap.port)).close()
    until(lambda: listeners.n_connections == 3, "nobody counts")
