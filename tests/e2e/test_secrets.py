"""Secrets stay where they belong: a whole system is given marked ones, much goes right and much goes wrong, and then all that it
wrote, answered, counted and traced is searched for them."""

import json
import os
import time
import urllib.parse
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import Any

import httpx
import pytest

from speechmill.settings import BadSettings, load_settings
from speechmill.store.client import EVENTS_KEY
from speechmill.tasks import KEY_PREFIX
from speechmill.webhook import secret_of
from tests.contract.webhook_receiver import receiver
from tests.e2e.stack import SECRET, Stack, running_stack
from tests.services import tls_redis
from tests.services.otlp_receiver import OtlpReceiver, running_otlp
from tests.services.program import free_port
from tests.services.rclone_s3 import SECRET_ACCESS_KEY, running_rclone
from tests.services.tls_redis import TlsRedis, running_tls_redis

pytestmark = pytest.mark.timeout(400)  # a whole life is lived before the first look
ADMIN_KEY = "marked-admin-key-0123456789-0123456789"
REMOTE_KEY = "marked-remote-key-0123456789"
URL_SECRET = "marked-secret-of-urls-0123456789"
TRACES_KEY = "marked-traces-key"
SPOKEN = "The xylograph of Miss Quibberdick is hidden in the cellar."
"""What a client had spoken: private, but no secret to the voice, to storage and to the job's own record."""


@dataclass
class Mill:
    """A system, the key of one of its tenants, and every answer of it that was no audio."""

    stack: Stack
    redis: TlsRedis
    traces: OtlpReceiver
    key: str = ""
    answers: list[str] = field(default_factory=list)

    def ask(self, method: str, path: str, *, key: str | None = None, **more: Any) -> httpx.Response:
        """With the tenant's key, unless with another."""
        with self.stack.http as http:
            answer = http.request(method, path, headers={"Authorization": f"Bearer {self.key if key is None else key}"}, **more)
        if not answer.headers.get("content-type", "").startswith("audio/"):
            self.answers.append(f"{method} {path.partition('?')[0]}: {answer.headers}\n{answer.text}")
        return answer

    def until_ended(self, job_id: str) -> dict[str, Any]:
        while (job := self.ask("GET", f"/v1/audio/speech/jobs/{job_id}").json())["status"] in ("queued", "in_progress"):
            time.sleep(0.2)
        return dict(job)

    def secrets(self) -> dict[str, str]:
        return {"admin key": ADMIN_KEY, "API key": self.key.rpartition("-")[2], "webhook secret": SECRET.removeprefix("whsec_"),
                "webhook secret of the tenant": secret_of(SECRET, "acme").removeprefix("whsec_"), "S3 secret": SECRET_ACCESS_KEY,
                "Redis password": tls_redis.PASSWORD, "remote key": REMOTE_KEY, "secret of URLs": URL_SECRET,
                "collector's key": TRACES_KEY}


@pytest.fixture(scope="module")
def mill(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Mill]:
    """After a life with successes, refusals, failures and outages. Everything logs as much as it can."""
    folder = tmp_path_factory.mktemp("secrets")
    with ExitStack() as parts:
        redis, traces = parts.enter_context(running_tls_redis(folder)), parts.enter_context(running_otlp())
        bucket = parts.enter_context(running_rclone(folder)).settings(bucket="marked")
        for name, value in {"OTEL_EXPORTER_OTLP_ENDPOINT": traces.url, "OTEL_BSP_SCHEDULE_DELAY": "100",
                            "OTEL_EXPORTER_OTLP_HEADERS": f"x-collector-key={TRACES_KEY}"}.items():
            parts.enter_context(pytest.MonkeyPatch.context()).setenv(name, value)
        stack = parts.enter_context(running_stack(
            folder / "stack", s3=bucket, workers=False, REDIS__URL=redis.url, PRODUCER__ADMIN_KEY=ADMIN_KEY, LOG__LEVEL="debug",
            BLOBS__URL_SECRET=URL_SECRET, REMOTE__API_KEY=REMOTE_KEY, WEBHOOKS__DELAYS_S="0,0.1", BLOBS__DELIVERY="proxy"))
        stack.start("speech", "tests.e2e.paced_worker", "speech")
        stack.start("cpu", "worker", "cpu")
        stack.wait_ready()
        lived = Mill(stack, redis, traces)
        live(lived)
        yield lived


def live(mill: Mill) -> None:
    made = mill.ask("POST", "/v1/admin/keys", key=ADMIN_KEY, json={"tenant": "acme"})
    mill.key = made.json()["key"]
    mill.answers.clear()                                            # the one answer in which the key belongs
    speak_and_tell(mill)
    be_refused(mill)
    fail(mill)
    speak_through_a_server_that_repeats_the_key(mill)
    mill.ask("GET", "/metrics")
    mill.traces.wait(lambda spans: len(spans) > 5)


def speak_and_tell(mill: Mill) -> None:
    for answer in (b"HTTP/1.1 500 No\r\nContent-Length: 0\r\n\r\n", b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"):
        with receiver(answer) as hook:
            job = mill.ask("POST", "/v1/audio/speech/jobs", json={"input": SPOKEN * 20, "webhook": {
                "url": f"http://127.0.0.1:{hook.port}/hook"}}).json()
            assert mill.until_ended(job["id"])["status"] == "completed"
            until(lambda: bool(hook.requests))
    assert mill.ask("POST", "/v1/audio/speech", json={"input": SPOKEN}).status_code == 200
    assert mill.ask("GET", f"/v1/audio/speech/jobs/{job['id']}/content").status_code == 200


def be_refused(mill: Mill) -> None:
    for body in ({"input": SPOKEN, "voice": "nobody"}, {"input": SPOKEN, "speed": 99}, {"input": SPOKEN * 100},
                 {"input": SPOKEN, "webhook": {"url": "https://10.0.0.1/"}}, {"input": [SPOKEN]}):
        assert mill.ask("POST", "/v1/audio/speech", json=body).status_code == 400
    assert mill.ask("POST", "/v1/audio/speech", content=json.dumps({"input": SPOKEN})[:-1]).status_code == 400
    assert mill.ask("GET", "/v1/models", key=mill.key + "x").status_code == 401
    assert mill.ask("GET", "/v1/models", key=ADMIN_KEY[:-1]).status_code == 401
    assert mill.ask("POST", "/v1/admin/keys", json={"tenant": "acme"}).status_code == 403
    assert mill.ask("GET", f"/v1/nothing?api_key={mill.key}").status_code == 404


def fail(mill: Mill) -> None:
    """The voice breaks; then a worker dies in the middle; then Redis lets nobody in any more."""
    (mill.stack.folder / "broken").touch()
    broken = mill.ask("POST", "/v1/audio/speech", json={"input": f"BREAK {SPOKEN}"})
    assert broken.status_code >= 400
    job = mill.ask("POST", "/v1/audio/speech/jobs", json={"input": SPOKEN * 60}).json()
    mill.stack.programs["speech"].kill()
    mill.ask("GET", f"/v1/audio/speech/jobs/{job['id']}")
    with mill.redis.watcher() as client:
        client.acl_setuser(tls_redis.USER, enabled=False)
        client.client_kill_filter(_type="normal", skipme=True)
        assert mill.ask("POST", "/v1/audio/speech/jobs", json={"input": SPOKEN}).status_code == 503
        client.acl_setuser(tls_redis.USER, enabled=True)
    wrong = mill.redis.url_for(tls_redis.USER, tls_redis.PASSWORD + " and more")
    mill.stack.start("another", "producer", REDIS__URL=wrong, PRODUCER__PORT=str(free_port()))
    until(lambda: bool((mill.stack.folder / "another.log").read_text()))


def speak_through_a_server_that_repeats_the_key(mill: Mill) -> None:
    said = f'{{"error": {{"message": "Wrong key {REMOTE_KEY}."}}}}'
    answer = f"HTTP/1.1 401 No\r\nContent-Type: application/json\r\nContent-Length: {len(said)}\r\n\r\n{said}"
    with receiver(answer.encode()) as server:
        mill.stack.start("remote", "worker", "speech", WORKER__VOICE="remote", REMOTE__URL=f"http://127.0.0.1:{server.port}/v1")
        until(lambda: bool(server.requests))                        # for what it speaks with
        until(lambda: bool((mill.stack.folder / "remote.log").read_text()))


def until(done: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 60
    while not done():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def assert_in_none(secrets: dict[str, str], where: dict[str, str]) -> None:
    """As it is, as a URL has it, and as JSON would."""
    found = [f"{name} in {place}: …{text[max(0, text.find(form) - 150):text.find(form) + 20]}…"
             for place, text in where.items() for name, secret in secrets.items()
             for form in {secret, urllib.parse.quote(secret, safe=""), json.dumps(secret)[1:-1]} if form in text]
    assert not found, "\n".join(found)


def test_no_log_has_a_secret_or_what_was_spoken(mill: Mill) -> None:
    logs = {path.name: path.read_text(errors="replace") for path in mill.stack.folder.parent.glob("**/*.log")}
    assert all(logs[f"{name}.log"] for name in ("producer", "cpu", "speech", "remote", "another"))
    assert_in_none({**mill.secrets(), "text": SPOKEN}, logs)


def test_no_answer_has_a_secret_or_what_was_spoken(mill: Mill) -> None:
    """Job objects, errors and metrics among them."""
    assert len(mill.answers) > 15
    assert_in_none({**mill.secrets(), "text": SPOKEN}, {answer[:80]: answer for answer in mill.answers})


def test_no_trace_has_a_secret_or_what_was_spoken(mill: Mill) -> None:
    assert mill.traces.headers[0]["x-collector-key"] == TRACES_KEY
    assert_in_none({**mill.secrets(), "text": SPOKEN}, {"traces": b"".join(mill.traces.bodies).decode("latin-1")})


def test_redis_holds_no_secret_and_its_event_log_and_celerys_messages_nothing_that_was_spoken(mill: Mill) -> None:
    with mill.redis.watcher() as client:
        events = str(client.xrange(EVENTS_KEY))
        messages = str([client.lrange(key, 0, -1) for key in client.scan_iter(f"{KEY_PREFIX}celery:*", _type="list")])
        outbox = str([client.hgetall(key) for key in client.scan_iter(f"{KEY_PREFIX}event:*")])
    everything = "".join(path.read_bytes().decode("latin-1") for path in mill.stack.folder.parent.glob("appendonlydir/*"))
    assert "job" in events
    assert SPOKEN in everything                                     # the input, of jobs alone
    assert_in_none({**mill.secrets(), "text": SPOKEN}, {"events": events, "messages": messages, "outbox": outbox})
    assert_in_none(mill.secrets(), {"all that was ever written to Redis": everything})


def test_settings_show_none_of_their_secrets(mill: Mill, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.startswith("SPEECHMILL_")]:
        monkeypatch.delenv(name)
    for name, value in mill.stack.environment.items():
        monkeypatch.setenv(name, value)
    assert_in_none(mill.secrets(), {"settings": repr(load_settings())})


@pytest.mark.parametrize("name", [
    "PRODUCER__ADMIN_KEY", "REMOTE__API_KEY", "WEBHOOKS__SECRET", "BLOBS__URL_SECRET", "REDIS__URL"])
def test_a_setting_that_is_refused_is_not_repeated(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    value = "rediss://user:badsecret@redis:6379?x=y" if name == "REDIS__URL" else "badsecret ü"
    monkeypatch.setenv(f"SPEECHMILL_{name}", value)
    try:
        shown = repr(load_settings())
    except BadSettings as error:
        shown = error.message
    assert "badsecret" not in shown
