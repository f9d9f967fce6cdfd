"""Tenants over HTTP: keys, scopes, limits, usage, and that nobody sees what is another's."""

import json
import os
import re
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

import httpx
import pytest
import standardwebhooks

from speechmill.webhook import secret_of
from tests.e2e.stack import SECRET, Stack, running_stack
from tests.e2e.test_webhooks import Receiver, receiver  # noqa: F401 - a fixture
from tests.e2e.worker_process import frozen
from tests.services.program import free_port

ADMIN_KEY = "the admin key of the tests, quite long"
ROOT = Path(__file__).parents[2]


@dataclass(frozen=True)
class Mill:
    """A system that wants keys. Each client shows one."""

    stack: Stack

    def client(self, key: str) -> httpx.Client:
        return httpx.Client(base_url=self.stack.base_url, timeout=60, headers={"Authorization": f"Bearer {key}"} if key else {})

    def admin(self, method: str, path: str, **body: Any) -> dict[str, Any]:
        with self.client(ADMIN_KEY) as http:
            answer = http.request(method, f"/v1/admin/{path}", json=body if method == "POST" else None)
        assert answer.is_success, answer.text
        shown: dict[str, Any] = answer.json()
        return shown

    def key(self, tenant: str, *scopes: str, **more: Any) -> str:
        return str(self.admin("POST", "keys", tenant=tenant, scopes=list(scopes) or ["speech", "read"], **more)["key"])

    def limits(self, tenant: str, **limits: Any) -> None:
        self.admin("POST", f"tenants/{tenant}", **limits)


@pytest.fixture(scope="module")
def mill(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Mill]:
    with running_stack(tmp_path_factory.mktemp("tenants"), PRODUCER__ADMIN_KEY=ADMIN_KEY, WEBHOOKS__DELAYS_S="0",
                       WORKER__LEASE_S="30") as stack:
        yield Mill(stack)


def error_of(answer: httpx.Response) -> tuple[int, str]:
    body = answer.json()
    assert body["status"] == answer.status_code
    assert body["detail"] == body["error"]["message"]
    return answer.status_code, body["error"]["code"]


# Keys -----------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("header", [None, "Bearer ", "Bearer", "", "Basic c2stc20=", "Bearer not needed", "Bearer sk-sm-",
                                    "Bearer ü", "Bearer sk-sm-0123456789abcdef-" + "0" * 64])
def test_without_a_good_key_nothing_is_shown(mill: Mill, header: str | None) -> None:
    answer = _raw(mill.stack, "/v1/models", header)
    assert answer.status == 401
    assert answer.challenge == "Bearer"
    assert answer.body["error"]["code"] in ("missing_api_key", "invalid_api_key")


@dataclass(frozen=True)
class Raw:
    status: int
    challenge: str
    body: dict[str, Any]


def _raw(stack: Stack, path: str, authorization: str | None) -> Raw:
    """By a client that sends "Bearer " as some do; httpx would not."""
    with closing(HTTPConnection("127.0.0.1", int(stack.base_url.rpartition(":")[2]), timeout=30)) as connection:
        connection.request("GET", path, headers={} if authorization is None else {"Authorization": authorization.encode()})
        answer = connection.getresponse()
        return Raw(answer.status, answer.headers.get("WWW-Authenticate", ""), json.loads(answer.read()))


def test_a_key_in_the_query_is_no_key(mill: Mill) -> None:
    with mill.client("") as http:
        assert http.get("/v1/models", params={"key": ADMIN_KEY, "api_key": ADMIN_KEY}).status_code == 401


def test_probes_metrics_and_documents_want_no_key(mill: Mill) -> None:
    with mill.client("") as http:
        for path in ("/healthz", "/readyz", "/metrics", "/docs", "/openapi.json"):
            assert http.get(path).status_code == 200, path


def test_a_key_does_what_its_scopes_say(mill: Mill) -> None:
    body = {"input": "Hello."}
    with mill.client(mill.key("scoped", "read")) as http:
        assert http.get("/v1/audio/speech/jobs").status_code == 200
        assert error_of(http.post("/v1/audio/speech/jobs", json=body)) == (403, "missing_scope")
        assert error_of(http.get("/v1/admin/keys")) == (403, "missing_scope")
    with mill.client(mill.key("scoped", "speech")) as http:
        assert http.post("/v1/audio/speech/jobs", json=body).status_code == 202
        assert http.get("/v1/audio/speech/jobs").status_code == 200
    with mill.client(mill.key("scoped", "admin")) as http:
        assert http.get("/v1/admin/keys").status_code == 200
        assert error_of(http.post("/v1/audio/speech/jobs", json=body)) == (403, "missing_scope")


def test_a_revoked_key_is_refused_within_a_second_and_an_expired_one_at_once(mill: Mill) -> None:
    key = mill.key("leaver")
    (record,) = mill.admin("GET", "keys?tenant=leaver")["data"]
    with mill.client(key) as http:
        assert http.get("/v1/models").status_code == 200
        mill.admin("POST", f"keys/{record['id']}/revoke")
        time.sleep(1.1)
        assert error_of(http.get("/v1/models")) == (401, "revoked_api_key")
    brief = mill.key("leaver", expires_in_s=1)
    time.sleep(1.1)
    with mill.client(brief) as http:
        assert error_of(http.get("/v1/models")) == (401, "expired_api_key")


def test_a_key_is_shown_once_and_never_logged(mill: Mill) -> None:
    key = mill.key("quiet", name="for the website")
    with mill.client(key) as http:
        http.get("/v1/models")
    (record,) = mill.admin("GET", "keys?tenant=quiet")["data"]
    assert (record["name"], record["scopes"], record["revoked_at"]) == ("for the website", ["read", "speech"], None)
    assert "key" not in record
    for log in mill.stack.folder.glob("*.log"):
        assert key not in log.read_text()
        assert ADMIN_KEY not in log.read_text()


@pytest.mark.parametrize(("body", "param"), [
    ({"tenant": "a:b"}, "tenant"), ({"tenant": "../x"}, "tenant"), ({}, "tenant"), ({"tenant": "a", "scopes": ["all"]}, "scopes"),
    ({"tenant": "a", "scopes": []}, "scopes"), ({"tenant": "a", "expires_in_s": 0}, "expires_in_s"),
    ({"tenant": "a", "colour": "red"}, "colour"), ([], "body")])
def test_a_bad_key_request_is_told_what_is_wrong(mill: Mill, body: Any, param: str) -> None:
    with mill.client(ADMIN_KEY) as http:
        answer = http.post("/v1/admin/keys", json=body)
    assert answer.status_code == 400, answer.text
    assert answer.json()["error"]["param"] == param


# Isolation ------------------------------------------------------------------------------------------------------------------

SHARED = ("/v1/models", "/v1/models/{model_id}", "/v1/audio/voices", "/healthz", "/readyz", "/metrics")
"""What everybody may see."""
MAKING = (("post", "/v1/audio/speech"), ("post", "/v1/audio/speech/jobs"), ("post", "/v1/audio/books"), ("post", "/v1/files"),
          ("post", "/v1/batches"), ("post", "/v1/audio/voices"), ("post", "/v1/audio/voices/design"),
          ("put", "/v1/audio/lexicons/{name}"), ("post", "/v1/webhook_endpoints"))
"""What makes something of one's own, and names nothing of anybody's."""
ELSEWHERE = "/v1/audio/voices/{voice_id}"
"""Voices of one's own need a model that clones: tests/e2e/voices."""


def test_on_every_route_what_is_anothers_is_not_there(mill: Mill) -> None:
    owner, other = mill.client(mill.key("owner")), mill.client(mill.key("other"))
    names = _things_of(mill, owner)
    document = owner.get("/openapi.json").json()
    routes = sorted(((method, path) for path, methods in document["paths"].items() for method in methods),
                    key=lambda route: (route[0] == "delete", route))  # what deletes comes last
    walked = [route for route in routes if route[1] not in SHARED and route not in MAKING and not route[1].startswith(ELSEWHERE)]
    with closing(owner), closing(other):
        for method, path in walked:
            answer = _ask(other, method, path, names)
            if path.startswith("/v1/admin/"):
                assert answer.status_code == 403, (method, path, answer.text)
            elif "{" in path:
                assert answer.status_code == 404, (method, path, answer.text)
                assert not any(value in answer.headers.get("location", "") for value in names.values())
            else:
                assert answer.json()["data"] == [], (method, path, answer.text)
        for method, path in walked:  # they are all there, for whom they belong to
            if not path.startswith("/v1/admin/"):
                answer = _ask(owner, method, path, names)
                assert answer.status_code < 500, (method, path, answer.text)
                assert answer.status_code not in (401, 403, 404, 405), (method, path, answer.text)
                assert "{" in path or answer.json()["data"], (method, path)


def test_a_place_in_anothers_list_is_no_cursor(mill: Mill) -> None:
    with mill.client(mill.key("owner")) as owner, mill.client(mill.key("other")) as other:
        job = owner.post("/v1/audio/speech/jobs", json={"input": "Mine."}).json()
        assert error_of(other.get("/v1/audio/speech/jobs", params={"after": job["id"]})) == (400, "invalid_value")


def test_an_idempotency_key_is_its_tenants(mill: Mill) -> None:
    ids = set()
    for tenant in ("first", "second"):
        with mill.client(mill.key(tenant)) as http:
            answers = [http.post("/v1/audio/speech/jobs", json={"input": f"Hello from {tenant}."},
                                 headers={"Idempotency-Key": "the same"}) for _ in range(2)]
        assert [answer.status_code for answer in answers] == [202, 202]
        ids.add(frozenset(answer.json()["id"] for answer in answers))
    assert [len(each) for each in ids] == [1, 1]


def _things_of(mill: Mill, owner: httpx.Client) -> dict[str, str]:
    """One of everything, made: the names that paths have for them, and their ids."""
    hook = {"webhook": {"url": f"http://127.0.0.1:{free_port()}/nobody"}}
    job = owner.post("/v1/audio/speech/jobs", json={"input": "Hello there.", **hook}).json()["id"]
    book = owner.post("/v1/audio/books", json={"input": "# One\n\nA short book, of one chapter.\n"}).json()["id"]
    _until(lambda: owner.get(f"/v1/audio/speech/jobs/{job}").json()["status"] == "completed", mill)
    _until(lambda: owner.get(f"/v1/audio/books/{book}").json()["status"] == "completed", mill)
    _until(lambda: bool(owner.get("/v1/webhooks/deliveries").json()["data"]), mill)
    event = owner.get("/v1/webhooks/deliveries").json()["data"][0]["id"]
    key = mill.admin("GET", "keys?tenant=owner")["data"][0]["id"]
    endpoint = owner.post("/v1/webhook_endpoints", json={"url": hook["webhook"]["url"]}).json()["id"]
    deliveries = f"/v1/webhook_endpoints/{endpoint}/deliveries"
    assert owner.put("/v1/audio/lexicons/names", json={"Nguyen": "win"}).status_code == 200
    line = {"custom_id": "a", "method": "POST", "url": "/v1/audio/speech", "body": {"input": "Hello from a line."}}
    file = owner.post("/v1/files", data={"purpose": "batch"}, files={"file": json.dumps(line)}).json()["id"]
    batch = owner.post("/v1/batches", json={"input_file_id": file, "endpoint": "/v1/audio/speech",
                                            "completion_window": "1h"}).json()["id"]
    _until(lambda: owner.get(f"/v1/batches/{batch}").json()["status"] == "completed", mill)
    _until(lambda: bool(owner.get(deliveries).json()["data"]), mill)
    return {"job_id": job, "book_id": book, "event_id": event, "number": "1", "segment": "0", "key_id": key, "tenant_id": "owner",
            "endpoint_id": endpoint, "delivery_id": owner.get(deliveries).json()["data"][0]["id"], "name": "names",
            "file_id": file, "batch_id": batch}


def _ask(http: httpx.Client, method: str, path: str, names: dict[str, str]) -> httpx.Response:
    # A name that nobody thought of is a KeyError: say in _things_of what it names.
    of_endpoints = path.replace("/deliveries/{event_id}/redeliver", "/deliveries/{delivery_id}/redeliver")
    filled = re.sub(r"{(\w+)}", lambda name: names[name[1]], of_endpoints)
    return http.request(method, filled, json={} if method == "post" else None)


def _until(true: Callable[[], bool], mill: Mill, timeout_s: float = 60) -> None:
    deadline = time.monotonic() + timeout_s
    while not true():
        assert time.monotonic() < deadline, mill.stack.logs()
        time.sleep(0.1)


def test_events_are_signed_with_the_secret_of_their_tenant_alone(mill: Mill, receiver: Receiver) -> None:  # noqa: F811
    with mill.client(mill.key("hooked")) as http:
        http.post("/v1/audio/speech/jobs", json={"input": "Tell me.", "webhook": {
            "url": receiver.url, "events": ["speech.job.completed"]}}).raise_for_status()
    receiver.events(1)
    (headers, body), = receiver.received
    assert standardwebhooks.Webhook(secret_of(SECRET, "hooked")).verify(body, headers)["type"] == "speech.job.completed"
    for others in (SECRET, secret_of(SECRET, "other")):
        with pytest.raises(standardwebhooks.WebhookVerificationError):
            standardwebhooks.Webhook(others).verify(body, headers)


# Limits and usage -----------------------------------------------------------------------------------------------------------


def test_requests_are_limited_by_the_minute_and_looking_is_free(mill: Mill) -> None:
    mill.limits("hasty", requests_a_minute=2)
    with mill.client(mill.key("hasty")) as http:
        answers = [http.post("/v1/audio/speech/jobs", json={"input": f"Hello {n}."}) for n in range(3)]
        assert [answer.status_code for answer in answers] == [202, 202, 429]
        assert error_of(answers[2]) == (429, "rate_limit_exceeded")
        assert 1 <= int(answers[2].headers["retry-after"]) <= 60
        assert [answer.headers["x-ratelimit-remaining-requests"] for answer in answers] == ["1", "0", "0"]
        assert answers[0].headers["x-ratelimit-limit-requests"] == "2"
        assert re.fullmatch(r"[\d.]+m?s", answers[0].headers["x-ratelimit-reset-requests"])
        assert http.get("/v1/audio/speech/jobs").status_code == 200


def test_characters_are_limited_by_the_day(mill: Mill) -> None:
    mill.limits("wordy", characters_a_day=100)
    with mill.client(mill.key("wordy")) as http:
        first = http.post("/v1/audio/speech/jobs", json={"input": "a" * 80})
        assert (first.headers["x-ratelimit-limit-tokens"], first.headers["x-ratelimit-remaining-tokens"]) == ("100", "20")
        second = http.post("/v1/audio/speech/jobs", json={"input": "a" * 21})
        assert error_of(second) == (429, "quota_exceeded")
        assert second.headers["x-should-retry"] == "false"
        assert int(second.headers["retry-after"]) <= 60
        book = {"input": "# One\n\nA book whose characters nobody knows before it was read.\n"}
        assert http.post("/v1/audio/books", json=book).status_code == 202
    mill.limits("wordy", characters_a_day=80)
    with mill.client(mill.key("wordy")) as http:
        assert error_of(http.post("/v1/audio/books", json=book)) == (429, "quota_exceeded")


def test_jobs_at_a_time_are_limited(mill: Mill) -> None:
    mill.limits("busy", jobs=1)
    body = {"input": "A job that waits for a deadline or its end. " * 200}
    with mill.client(mill.key("busy")) as http, frozen(mill.stack, "cpu"):  # nobody cuts it, so it does not end
        assert http.post("/v1/audio/speech/jobs", json=body).status_code == 202
        refused = http.post("/v1/audio/speech/jobs", json=body)
        assert error_of(refused) == (429, "queue_full")
        assert "1 jobs" in refused.json()["detail"]
        assert "x-should-retry" not in refused.headers


def test_usage_is_ones_own(mill: Mill) -> None:
    with mill.client(mill.key("counted")) as http, mill.client(mill.key("idle")) as other:
        assert http.post("/v1/audio/speech", json={"input": "Twenty-two characters."}).status_code == 200
        own = http.get("/v1/usage", params={"days": 2}).json()
        assert own["tenant"] == "counted"
        assert {name: own["total"][name] for name in ("jobs", "characters", "spoken_characters")} == {
            "jobs": 1, "characters": 22, "spoken_characters": 22}
        assert own["total"]["audio_seconds"] > 0
        assert own["data"][0]["date"] == time.strftime("%Y-%m-%d", time.gmtime())
        assert other.get("/v1/usage").json()["data"] == []
        assert http.get("/v1/usage", params={"days": 0}).status_code == 400
    everybody = {usage["tenant"]: usage for usage in mill.admin("GET", "usage?days=1&limit=100")["data"]}
    assert everybody["counted"]["total"] == own["total"]


def test_the_sdk_raises_what_it_should_and_tries_again_when_it_may(mill: Mill) -> None:
    mill.limits("brisk", requests_a_minute=60)
    mill.limits("poor", characters_a_day=1)
    speaking, reading, spent = mill.key("brisk"), mill.key("brisk", "read"), mill.key("poor")
    with mill.client(speaking) as http:
        while http.post("/v1/audio/speech/jobs", json={"input": "x"}, headers={"Idempotency-Key": "k"}).status_code != 429:
            pass
    done = subprocess.run([sys.executable, str(ROOT / "tests/e2e/sdk_tenant.py"), mill.stack.base_url, speaking, reading, spent],
                          capture_output=True, text=True, timeout=90)
    assert done.returncode == 0, done.stderr
    said = json.loads(done.stdout)
    assert (said["wrong"]["class"], said["wrong"]["code"]) == ("AuthenticationError", "invalid_api_key")
    assert (said["reading"]["class"], said["reading"]["code"]) == ("PermissionDeniedError", "missing_scope")
    assert (said["spent"]["class"], said["spent"]["code"]) == ("RateLimitError", "quota_exceeded")
    assert said["wrong"]["request_id"].startswith("req_")
    assert said["spoken"]["bytes"] > 1000


# No key, and the first one --------------------------------------------------------------------------------------------------


def test_on_loopback_no_key_is_wanted_until_the_first_one_was_made(tmp_path: Path) -> None:
    with running_stack(tmp_path, workers=False) as stack:
        with httpx.Client(base_url=stack.base_url) as http:
            for header in (None, "Bearer not needed", "Bearer ", "Bearer"):
                assert _raw(stack, "/v1/audio/speech/jobs", header).status == 200
            assert error_of(http.get("/v1/admin/keys")) == (401, "missing_api_key")
            key = _speechmill(stack, "keys", "create", "--scope", "admin", "--scope", "read").strip()
            deadline = time.monotonic() + 30
            while http.get("/v1/audio/speech/jobs").status_code == 200:
                assert time.monotonic() < deadline
                time.sleep(0.1)
            assert error_of(http.get("/v1/audio/speech/jobs")) == (401, "missing_api_key")
            assert http.get("/v1/audio/speech/jobs", headers={"Authorization": f"Bearer {key}"}).status_code == 200
        _the_command_line_works_through_the_producer(stack, key)


def _the_command_line_works_through_the_producer(stack: Stack, key: str) -> None:
    shown = {"SPEECHMILL_API_KEY": key, "SPEECHMILL_URL": stack.base_url}
    made = json.loads(_speechmill(stack, "keys", "create", "--tenant", "acme", "--name", "web", "--json", **shown))
    assert made["tenant"] == "acme"
    assert _speechmill(stack, "tenants", "set", "acme", "--jobs", "3", "--weight", "2", **shown).split()[-5:] == [
        "2", "3", "default", "default", "default"]
    assert _speechmill(stack, "tenants", "set", "acme", "--queued-jobs", "none", **shown).split()[-5:-2] == ["2", "3", "none"]
    assert json.loads(_speechmill(stack, "tenants", "show", "acme", "--json", **shown))["limits"]["jobs"] == 3
    assert [tenant["id"] for tenant in json.loads(_speechmill(stack, "tenants", "list", "--json", **shown))] == ["acme", "local"]
    _speechmill(stack, "keys", "revoke", made["id"], **shown)
    listed = {each["id"]: each for each in json.loads(_speechmill(stack, "keys", "list", "--json", **shown))}
    assert listed[made["id"]]["revoked_at"]
    assert json.loads(_speechmill(stack, "usage", "--all", "--json", **shown))[0]["data"] == []
    assert "local" in _speechmill(stack, "usage", **shown)
    assert json.loads(_speechmill(stack, "keys", "list", "--json")) == list(listed.values())  # straight on Redis


def _speechmill(stack: Stack, *arguments: str, **environment: str) -> str:
    outside = {name: value for name, value in os.environ.items() if not name.startswith("SPEECHMILL_")}
    done = subprocess.run([sys.executable, "-m", "speechmill.cli.main", *arguments], capture_output=True, text=True, timeout=60,
                          env={**outside, "SPEECHMILL_REDIS__URL": stack.redis.url, **environment})
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_a_producer_that_others_reach_does_not_start_without_a_key(tmp_path: Path) -> None:
    with running_stack(tmp_path, workers=False) as stack:
        environment = {**os.environ, **stack.environment, "SPEECHMILL_PRODUCER__HOST": "0.0.0.0",
                       "SPEECHMILL_PRODUCER__PORT": str(free_port())}
        done = subprocess.run([sys.executable, "-m", "producer"], env=environment, capture_output=True, text=True, timeout=60)
        assert done.returncode == 2
        assert "there is no API key. Set SPEECHMILL_PRODUCER__ADMIN_KEY" in done.stderr
        stack.start("open", "producer", PRODUCER__HOST="0.0.0.0", PRODUCER__ALLOW_ANONYMOUS="true",
                    PRODUCER__PORT=str(port := free_port()))
        deadline = time.monotonic() + 30
        while not (answer := _get(f"http://127.0.0.1:{port}/v1/audio/speech/jobs")):
            assert time.monotonic() < deadline, stack.logs()
            time.sleep(0.1)
        assert answer.status_code == 200
        assert error_of(_get(f"http://127.0.0.1:{port}/v1/models", "sk-sm-mistyped") or answer) == (401, "invalid_api_key")


def _get(url: str, key: str = "not needed") -> httpx.Response | None:
    try:
        return httpx.get(url, headers={"Authorization": f"Bearer {key}"})
    except httpx.TransportError:
        return None
