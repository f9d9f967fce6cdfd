"""Webhook endpoints through the whole system: registered over HTTP, told of jobs, verified by other people's libraries."""

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import httpx
import openai
import pytest
import standardwebhooks
import svix.webhooks
from typer.testing import CliRunner

from speechmill.cli.main import app
from tests.e2e.stack import SECRET, Stack, running_stack
from tests.e2e.test_webhooks import Receiver, receiver  # noqa: F401 - a fixture
from tests.e2e.worker_process import ask, until

ADMIN_KEY = "the admin key of the tests, quite long"
PATH = "/v1/webhook_endpoints"
COMPLETED = "speech.job.completed"


@dataclass(frozen=True)
class Tenant:
    """One of the system's tenants, with a key of its own."""

    stack: Stack
    key: str

    def ask(self, method: str, path: str, wanted: int = 200, **body: Any) -> dict[str, Any]:
        with httpx.Client(base_url=self.stack.base_url, timeout=60, headers={"Authorization": f"Bearer {self.key}"}) as http:
            answer = http.request(method, path, json=body if method == "POST" else None)
        assert answer.status_code == wanted, answer.text
        shown: dict[str, Any] = answer.json()
        return shown

    def register(self, url: str, **more: Any) -> dict[str, Any]:
        return self.ask("POST", PATH, 201, url=url, **more)

    def log(self, endpoint_id: str) -> list[dict[str, Any]]:
        return list(self.ask("GET", f"{PATH}/{endpoint_id}/deliveries")["data"])

    def speak(self, text: str) -> str:
        return str(self.ask("POST", "/v1/audio/speech/jobs", 202, input=text)["id"])

    def command(self, *arguments: str, wanted: int = 0) -> str:
        done = CliRunner().invoke(app, ["webhook", "endpoints", *arguments],
                                  env={"SPEECHMILL_URL": self.stack.base_url, "SPEECHMILL_API_KEY": self.key})
        assert done.exit_code == wanted, done.output
        return done.stdout if wanted == 0 else done.stderr


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """Its schedule is over within a second; a receiver that fails for an hour is disabled."""
    with running_stack(tmp_path_factory.mktemp("endpoints"), PRODUCER__ADMIN_KEY=ADMIN_KEY, WEBHOOKS__DELAYS_S="0,0.2,0.3",
                       WEBHOOKS__DISABLE_AFTER_S="3600", LIMITS__WEBHOOK_ENDPOINTS="3") as running:
        yield running


@pytest.fixture
def new_tenant(stack: Stack, request: pytest.FixtureRequest) -> Callable[..., Tenant]:
    def make(name: str = "") -> Tenant:
        admin = Tenant(stack, ADMIN_KEY)
        tenant = f"{abs(hash(request.node.name)):x}{name}"
        return Tenant(stack, str(admin.ask("POST", "/v1/admin/keys", 201, tenant=tenant)["key"]))
    return make


@pytest.fixture
def tenant(new_tenant: Callable[..., Tenant]) -> Tenant:
    return new_tenant()


def all_verify(secret: str, headers: Mapping[str, str], body: bytes) -> bool:
    """Whether the libraries of others take it; they must agree."""
    def takes(check: Callable[[], object]) -> bool:
        try:
            check()
        except (standardwebhooks.WebhookVerificationError, svix.webhooks.WebhookVerificationError,
                openai.InvalidWebhookSignatureError):
            return False
        return True

    said = {
        "standardwebhooks": takes(lambda: standardwebhooks.Webhook(secret).verify(body.decode(), dict(headers))),
        "svix": takes(lambda: svix.webhooks.Webhook(secret).verify(body, dict(headers))),
        "openai": takes(lambda: openai.OpenAI(api_key="none", webhook_secret=secret).webhooks.unwrap(body.decode(), headers)),
    }
    assert len(set(said.values())) == 1, said
    return said["svix"]


# Events ----------------------------------------------------------------------------------------------------------------------


def test_what_an_endpoint_is_sent_is_verified_by_the_libraries_of_others(tenant: Tenant, receiver: Receiver) -> None:  # noqa: F811
    endpoint = tenant.register(receiver.url, events=[COMPLETED])
    job_id = tenant.speak("Tell whoever has registered.")
    (event,) = receiver.events(1)
    assert (event["type"], event["data"]["id"], event["data"]["status"]) == (COMPLETED, job_id, "completed")
    headers, body = receiver.received[0]
    assert headers["webhook-id"] == event["id"]
    assert all_verify(endpoint["secret"], headers, body)
    assert not all_verify(endpoint["secret"], headers, body.replace(b"completed", b"failed"))
    assert not all_verify(SECRET, headers, body)


def test_during_a_rotation_both_secrets_verify_and_without_overlap_the_new_one_alone(
        tenant: Tenant, receiver: Receiver) -> None:  # noqa: F811
    endpoint = tenant.register(receiver.url)
    path = f"{PATH}/{endpoint['id']}"
    rotated = tenant.ask("POST", f"{path}/rotate_secret", overlap_s=3600)
    assert rotated["secret"] != endpoint["secret"]
    assert (rotated["secret_generation"], [older["generation"] for older in rotated["older_secrets"]]) == (2, [1])
    tenant.ask("POST", f"{path}/test", 202)
    receiver.events(1)
    assert [all_verify(each["secret"], *receiver.received[0]) for each in (endpoint, rotated)] == [True, True]

    last = tenant.ask("POST", f"{path}/rotate_secret", overlap_s=0)
    tenant.ask("POST", f"{path}/test", 202)
    receiver.events(2)
    assert [all_verify(each["secret"], *receiver.received[1]) for each in (endpoint, rotated, last)] == [False, False, True]
    assert "secret" not in tenant.ask("GET", path)


def test_a_test_event_is_in_the_log_and_can_be_sent_again(tenant: Tenant, receiver: Receiver) -> None:  # noqa: F811
    receiver.answers = [500]
    endpoint = tenant.register(receiver.url)
    accepted = tenant.ask("POST", f"{PATH}/{endpoint['id']}/test", 202)
    first, second = receiver.events(2)
    assert first["id"] == second["id"] == accepted["id"]
    assert (first["type"], first["data"]["id"], first["data"]["object"]) == ("webhook.test", endpoint["id"], "webhook_endpoint")
    assert "secret" not in first["data"]
    until(lambda: [sent["state"] for sent in tenant.log(endpoint["id"])] == ["delivered"], "the log does not say so")
    (sent,) = tenant.log(endpoint["id"])
    assert (sent["id"], sent["attempts"], sent["last_status"], sent["last_error"]) == (accepted["id"], 2, 200, None)
    assert sent["last_duration_ms"] >= 0
    assert sent["next_attempt_at"] is None

    tenant.ask("POST", f"{PATH}/{endpoint['id']}/deliveries/{sent['id']}/redeliver", 202)
    assert receiver.events(3)[2]["id"] == accepted["id"]


def test_a_job_s_own_webhook_and_an_endpoint_are_both_told_under_one_id(tenant: Tenant, receiver: Receiver) -> None:  # noqa: F811
    endpoint = tenant.register(receiver.url, events=["*"])
    tenant.ask("POST", "/v1/audio/speech/jobs", 202, input="Twice.", webhook={"url": receiver.url, "events": [COMPLETED]})
    events = receiver.events(3)
    assert sorted(event["type"] for event in events) == [COMPLETED, COMPLETED, "speech.job.started"]
    assert len({event["id"] for event in events if event["type"] == COMPLETED}) == 1
    verified = [all_verify(endpoint["secret"], headers, body) for headers, body in receiver.received]
    assert verified.count(True) == 2, "each is signed with the secret of where it goes"


# No more of it ---------------------------------------------------------------------------------------------------------------


def test_410_disables_an_endpoint_and_another_is_told_why(tenant: Tenant, receiver: Receiver) -> None:  # noqa: F811
    watched = tenant.register(receiver.url + "/410", events=[COMPLETED])
    tenant.register(receiver.url + "/notices", events=["webhook_endpoint.disabled"])
    receiver.answers = [410]
    tenant.speak("No more, thank you.")
    notice = receiver.events(2)[1]
    assert (notice["type"], notice["data"]["id"]) == ("webhook_endpoint.disabled", watched["id"])
    assert (notice["data"]["enabled"], notice["data"]["disabled_reason"]) == (False, "gone")
    refused = tenant.ask("POST", f"{PATH}/{watched['id']}/test", 409)
    assert refused["error"]["code"] == "webhook_endpoint_disabled"
    assert tenant.ask("POST", f"{PATH}/{watched['id']}", enabled=True)["enabled"]
    tenant.speak("Now I want them again.")
    assert receiver.events(3)[2]["type"] == COMPLETED


def test_an_endpoint_that_takes_nothing_for_long_is_disabled_and_can_be_enabled(tenant: Tenant) -> None:
    endpoint = tenant.register("http://127.0.0.1:1/nobody-listens", events=[COMPLETED])
    path = f"{PATH}/{endpoint['id']}"
    tenant.speak("Is anybody there?")
    until(lambda: tenant.ask("GET", path)["failing_since"], "it does not fail")
    until(lambda: [sent["state"] for sent in tenant.log(endpoint["id"])] == ["dead"], "it is not given up")
    assert tenant.ask("GET", path)["enabled"]
    ask(tenant.stack, "HINCRBY", f"endpoint:{endpoint['id']}", "failing", -3_600_000)  # an hour goes by
    tenant.speak("Is anybody there now?")
    until(lambda: not tenant.ask("GET", path)["enabled"], "it is asked for ever")
    shown = tenant.ask("GET", path)
    assert (shown["disabled_reason"], shown["failing_since"]) == ("failing", None)
    until(lambda: {sent["state"] for sent in tenant.log(endpoint["id"])} <= {"dead", "withdrawn"}, "something still waits for it")
    assert "refused" in tenant.log(endpoint["id"])[-1]["last_error"]
    assert tenant.ask("POST", f"{PATH}/{endpoint['id']}", enabled=True)["disabled_reason"] is None


def test_a_dead_delivery_is_in_the_list_of_dead_events_and_its_replay_arrives(tenant: Tenant, receiver: Receiver) -> None:  # noqa: F811
    receiver.answers = [500] * 3
    endpoint = tenant.register(receiver.url, events=[COMPLETED])
    tenant.speak("Refused three times.")
    until(lambda: tenant.ask("GET", "/v1/webhooks/deliveries")["data"], "it is not given up")
    (dead,) = tenant.ask("GET", "/v1/webhooks/deliveries")["data"]
    assert (dead["endpoint_id"], dead["url"], dead["last_status"]) == (endpoint["id"], receiver.url, 500)
    tenant.ask("POST", f"/v1/webhooks/deliveries/{dead['id']}/replay", 202)
    assert len({event["id"] for event in receiver.events(4)}) == 1


# The registry ----------------------------------------------------------------------------------------------------------------


def test_the_registry_makes_lists_changes_and_deletes(tenant: Tenant, receiver: Receiver) -> None:  # noqa: F811
    made = [tenant.register(receiver.url, description=f"number {n}", metadata={"n": str(n)}) for n in range(3)]
    refused = tenant.ask("POST", PATH, 409, url=receiver.url)
    assert refused["error"]["code"] == "too_many_webhook_endpoints"
    page = tenant.ask("GET", f"{PATH}?limit=2")
    assert ([each["id"] for each in page["data"]], page["has_more"]) == ([made[2]["id"], made[1]["id"]], True)
    rest = tenant.ask("GET", f"{PATH}?limit=2&after={page['last_id']}")
    assert ([each["id"] for each in rest["data"]], rest["has_more"]) == ([made[0]["id"]], False)
    one = tenant.ask("GET", f"{PATH}/{made[0]['id']}")
    assert (one["description"], one["metadata"], one["events"], one["enabled"]) == ("number 0", {"n": "0"}, ["*"], True)

    path = f"{PATH}/{made[0]['id']}"
    changed = tenant.ask("POST", path, events=["book.*"], enabled=False)
    assert (changed["events"], changed["enabled"], changed["disabled_reason"]) == (["book.*"], False, "requested")
    assert tenant.ask("DELETE", path) == {"id": made[0]["id"], "object": "webhook_endpoint.deleted", "deleted": True}
    assert tenant.ask("GET", path, 404)["error"]["code"] == "webhook_endpoint_not_found"
    tenant.speak("For two of them.")
    assert len(receiver.events(4)) == 4


def test_another_tenant_s_endpoints_are_not_there(new_tenant: Callable[..., Tenant], receiver: Receiver) -> None:  # noqa: F811
    mine, other = new_tenant("mine"), new_tenant("other")
    endpoint = mine.register(receiver.url, events=[COMPLETED])
    path = f"{PATH}/{endpoint['id']}"
    assert other.ask("GET", PATH)["data"] == []
    for method, rest in (("GET", ""), ("POST", ""), ("DELETE", ""), ("POST", "/rotate_secret"), ("POST", "/test"),
                         ("GET", "/deliveries"), ("POST", "/deliveries/evt_1/redeliver")):
        assert other.ask(method, path + rest, 404)["error"]["code"] == "webhook_endpoint_not_found", rest
    other.speak("My own business.")
    mine.speak("Mine.")
    assert len(receiver.events(1)) == 1
    assert [sent["state"] for sent in mine.log(endpoint["id"])] in (["pending"], ["delivered"])


@pytest.mark.parametrize(("body", "param"), [
    ({}, "url"),
    ({"url": ""}, "url"),
    ({"url": 7}, "url"),
    ({"url": "https://example.com/" + "x" * 2048}, "url"),
    ({"url": "ftp://example.com/"}, "url"),
    ({"url": "https://\ud800.example/"}, "url"),
    ({"url": "https://example.com/", "events": []}, "events"),
    ({"url": "https://example.com/", "events": ["speech.job.finished"]}, "events"),
    ({"url": "https://example.com/", "events": ["speech.*,book.*"]}, "events"),
    ({"url": "https://example.com/", "events": None}, "events"),
    ({"url": "https://example.com/", "description": "x" * 513}, "description"),
    ({"url": "https://example.com/", "description": "\ud800"}, "description"),
    ({"url": "https://example.com/", "metadata": {str(n): "" for n in range(17)}}, "metadata"),
    ({"url": "https://example.com/", "metadata": {"a": 1}}, "metadata.a"),
    ({"url": "https://example.com/", "metadata": {"\ud800": ""}}, "metadata"),
    ({"url": "https://example.com/", "enable": True}, "enable"),
])
def test_a_bad_request_names_what_is_wrong_and_makes_nothing(tenant: Tenant, body: dict[str, Any], param: str) -> None:
    with httpx.Client(base_url=tenant.stack.base_url, timeout=60, headers={"Authorization": f"Bearer {tenant.key}"}) as http:
        answer = http.post(PATH, content=json.dumps(body), headers={"Content-Type": "application/json"})
    assert answer.status_code == 400, answer.text
    assert answer.json()["error"]["param"].startswith(param)
    assert tenant.ask("GET", PATH)["data"] == []


@pytest.mark.parametrize(("path", "body", "param"), [
    ("", {"url": "http://10.0.0.1/"}, "url"), ("", {"enabled": "yes"}, "enabled"), ("", {"events": []}, "events"),
    ("/rotate_secret", {"overlap_s": -1}, "overlap_s"), ("/rotate_secret", {"overlap_s": 1e9}, "overlap_s"),
])
def test_a_bad_change_changes_nothing(tenant: Tenant, receiver: Receiver, path: str, body: dict[str, Any],  # noqa: F811
                                      param: str) -> None:
    endpoint = tenant.register(receiver.url)
    refused = tenant.ask("POST", f"{PATH}/{endpoint['id']}{path}", 400, **body)
    assert refused["error"]["param"] == param
    assert tenant.ask("GET", f"{PATH}/{endpoint['id']}") == {name: value for name, value in endpoint.items() if name != "secret"}


def test_a_key_to_read_looks_and_changes_nothing(stack: Stack, receiver: Receiver) -> None:  # noqa: F811
    admin = Tenant(stack, ADMIN_KEY)
    keys = {scope: str(admin.ask("POST", "/v1/admin/keys", 201, tenant="lookers", scopes=[scope])["key"])
            for scope in ("speech", "read")}
    endpoint = Tenant(stack, keys["speech"]).register(receiver.url)
    reader = Tenant(stack, keys["read"])
    assert [each["id"] for each in reader.ask("GET", PATH)["data"]] == [endpoint["id"]]
    assert reader.ask("POST", f"{PATH}/{endpoint['id']}/rotate_secret", 403)["error"]["code"] == "missing_scope"


# The command line ------------------------------------------------------------------------------------------------------------


def test_the_command_line_does_all_of_it(tenant: Tenant, receiver: Receiver) -> None:  # noqa: F811
    secret = tenant.command("add", receiver.url, "--event", COMPLETED, "--event", "book.*", "--description", "mine").strip()
    (listed,) = json.loads(tenant.command("list", "--json"))
    assert (listed["events"], listed["description"]) == ([COMPLETED, "book.*"], "mine")
    assert receiver.url in tenant.command("list")
    tenant.command("test", listed["id"])
    event = receiver.events(1)[0]
    assert all_verify(secret, *receiver.received[0])
    until(lambda: "delivered" in tenant.command("deliveries", listed["id"]), "it is not in the log")
    tenant.command("redeliver", listed["id"], event["id"])
    assert receiver.events(2)[1]["id"] == event["id"]

    new = tenant.command("rotate", listed["id"], "--overlap-hours", "0").strip()
    assert new.startswith("whsec_")
    assert new != secret
    tenant.command("update", listed["id"], "--event", "*", "--disable")
    (changed,) = json.loads(tenant.command("list", "--json"))
    assert (changed["events"], changed["enabled"], changed["description"]) == (["*"], False, "mine")
    assert "disabled; enable it first" in tenant.command("test", listed["id"], wanted=2)
    assert json.loads(tenant.command("deliveries", listed["id"], "--json"))[0]["id"] == event["id"]
    tenant.command("delete", listed["id"])
    assert json.loads(tenant.command("list", "--json")) == []
    assert "There is no webhook endpoint" in tenant.command("delete", listed["id"], wanted=3)
