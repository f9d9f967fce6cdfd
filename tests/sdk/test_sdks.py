"""The OpenAI SDKs, unmodified: each does what an integrator would, against a real system, and says what it understood."""

import json
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
import soundfile

from speechmill.webhook import secret_of
from tests.contract.webhook_receiver import receiver
from tests.e2e.stack import SECRET, Stack, running_stack
from tests.sdk.dropping_proxy import dropping_once
from tests.sdk.environments import node_command, python_command

pytestmark = pytest.mark.timeout(400)  # an environment is installed, and a whole system started
ADMIN_KEY = "the admin key of the SDK tests, long"
REQUESTS_A_MINUTE = 30
"""Of the tenant that runs into its limit: one flows back every two seconds."""
SDKS = ("python-3", "node", pytest.param("python-2", marks=pytest.mark.slow), pytest.param("python-1", marks=pytest.mark.slow))
FORMATS = ("mp3", "opus", "aac", "flac", "wav", "pcm")


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    with running_stack(tmp_path_factory.mktemp("sdks"), PRODUCER__ADMIN_KEY=ADMIN_KEY, WEBHOOKS__DELAYS_S="0") as running:
        yield running


@dataclass(frozen=True)
class Ran:
    """What a scenario said, the files it wrote, and what the producer shows to the scenario's own tenant."""

    said: dict[str, Any]
    folder: Path
    jobs: list[dict[str, Any]]

    def job(self, text_or_id: str) -> dict[str, Any]:
        return next(job for job in self.jobs if job["id"] == text_or_id)


@pytest.fixture(scope="module", params=SDKS)
def ran(request: pytest.FixtureRequest, stack: Stack, tmp_path_factory: pytest.TempPathFactory) -> Ran:
    """One SDK's scenario, with a tenant of its own, run to its end."""
    sdk: str = request.param
    folder = tmp_path_factory.mktemp(sdk)
    language, _, major = sdk.partition("-")
    command = node_command(folder / "node") if language == "node" else python_command(int(major), folder / "venv")
    keys = {"speaking": _key(stack, sdk), "reading": _key(stack, sdk, scopes=["read"]), "busy": _key(stack, f"{sdk}-busy")}
    _admin(stack, f"tenants/{sdk}-busy", requests_a_minute=REQUESTS_A_MINUTE)
    with dropping_once(int(stack.base_url.rpartition(":")[2])) as dropping_url:
        given = {"base_url": stack.base_url, "dropping_url": dropping_url, "folder": str(folder), "keys": keys,
                 "webhook": _delivered(stack, sdk, keys["speaking"])}
        done = subprocess.run([*command, json.dumps(given)], capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, f"{done.stderr}\n{stack.logs()}"
    return Ran(json.loads(done.stdout), folder, _jobs(stack, keys["speaking"]))


def test_it_is_the_version_that_was_meant(ran: Ran, request: pytest.FixtureRequest) -> None:
    wanted = {"python-1": "1.", "python-2": "2.", "python-3": "3.", "node": "7."}[request.node.callspec.params["ran"]]
    assert ran.said["version"].startswith(wanted)


def test_it_writes_speech_in_every_format_to_a_file(ran: Ran) -> None:
    for kind in ("wav", "flac"):
        assert soundfile.info(ran.folder / f"speech.{kind}").samplerate == 24_000
    starts = {kind: (ran.folder / f"speech.{kind}").read_bytes()[:4] for kind in FORMATS}
    assert starts["opus"] == b"OggS"
    assert starts["aac"][0] == 0xFF
    assert starts["aac"][1] & 0xF0 == 0xF0
    assert starts["mp3"][:3] == b"ID3" or starts["mp3"][0] == 0xFF
    assert (ran.folder / "speech.pcm").stat().st_size % 2 == 0


def test_it_streams_an_answer_to_a_file(ran: Ran) -> None:
    assert (ran.folder / "streamed.mp3").stat().st_size > 1000
    streamed = ran.job(ran.said["job"])
    assert streamed["speed"] == 1.25
    assert streamed["status"] == "completed"


def test_it_lists_models(ran: Ran) -> None:
    assert ran.said["models"][:2] == ["tone", "tts-1"]


@pytest.mark.parametrize(("status", "class_", "code", "type_", "param"), [
    ("400", "BadRequestError", "unknown_voice", "invalid_request_error", "voice"),
    ("401", "AuthenticationError", "invalid_api_key", "authentication_error", None),
    ("403", "PermissionDeniedError", "missing_scope", "permission_error", None),
    ("404", "NotFoundError", "job_not_found", "invalid_request_error", "id"),
    ("409", "ConflictError", "job_already_ended", "invalid_request_error", None)])
def test_it_understands_a_refusal(ran: Ran, status: str, class_: str, code: str, type_: str, param: str | None) -> None:
    error = ran.said["errors"][status]
    assert (error["class"], error["status"]) == (class_, int(status))
    assert (error["code"], error["type"], error["param"]) == (code, type_, param)
    assert error["request_id"].startswith("req_")
    assert len(error["message"]) > 10


def test_it_pages_through_a_list(ran: Ran) -> None:
    """Ten jobs of this tenant were there, three to a page; newest first."""
    listed = ran.said["jobs"]
    assert len(listed) > 6
    shown = [job["id"] for job in ran.jobs]
    assert listed == [job_id for job_id in shown if job_id in listed]
    assert len(set(listed)) == len(listed)


def test_its_own_retry_after_a_429_succeeds(ran: Ran) -> None:
    limited = ran.said["limited"]
    assert limited["refused"]["class"] == "RateLimitError"
    assert (limited["refused"]["status"], limited["refused"]["code"]) == (429, "rate_limit_exceeded")
    assert limited["retries"] >= 1
    assert limited["bytes"] > 1000
    assert int(limited["left"]) < REQUESTS_A_MINUTE


def test_its_retry_after_a_lost_reply_finds_the_job_of_the_first_try(ran: Ran) -> None:
    assert ran.said["dropped"]["retries"] == 1
    assert ran.said["dropped"]["replayed"] == "true"
    assert ran.said["dropped"]["bytes"] > 1000
    characters = [job["usage"]["input_characters"] for job in ran.jobs if job["usage"]]
    assert characters.count(len("Said once, asked for twice.")) == 1


def test_it_verifies_an_event_that_was_delivered_and_refuses_an_altered_one(ran: Ran) -> None:
    event = ran.said["event"]
    assert event["type"] == "speech.job.completed"
    assert ran.job(event["job"])["status"] == "completed"
    assert event["altered"] == "refused"


def test_it_runs_a_batch_from_a_file_to_its_results(ran: Ran) -> None:
    batch = ran.said["batch"]
    assert (batch["status"], batch["counts"]) == ("completed", [3, 3, 0])
    assert batch["custom_ids"] == ["line-0", "line-1", "line-2"]
    assert batch["statuses"] == [200]
    assert batch["kept"]
    assert batch["listed"]
    assert batch["file_listed"]
    assert batch["late_cancel"]["class"] == "ConflictError"
    assert batch["deleted"]
    assert batch["gone"]["class"] == "NotFoundError"


# What surrounds the scenario --------------------------------------------------------------------------------------------------


def _admin(stack: Stack, path: str, **body: Any) -> dict[str, Any]:
    with stack.http as http:
        answer = http.post(f"/v1/admin/{path}", json=body, headers={"Authorization": f"Bearer {ADMIN_KEY}"})
    assert answer.is_success, answer.text
    shown: dict[str, Any] = answer.json()
    return shown


def _key(stack: Stack, tenant: str, scopes: list[str] | None = None) -> str:
    return str(_admin(stack, "keys", tenant=tenant, scopes=scopes or ["speech", "read"])["key"])


def _delivered(stack: Stack, tenant: str, key: str) -> dict[str, Any]:
    """A job's event as it arrived at a real receiver, and the secret of its tenant."""
    with receiver() as hook:
        body = {"input": "Tell me.", "webhook": {"url": f"http://127.0.0.1:{hook.port}/hook", "events": ["speech.job.completed"]}}
        with _client(stack, key) as http:
            created = http.post("/v1/audio/speech/jobs", json=body)
            assert created.status_code == 202, created.text
            http.get(f"/v1/audio/speech/jobs/{created.json()['id']}", headers={"Prefer": "wait=30"})
        deadline = time.monotonic() + 60
        while not hook.requests:
            assert time.monotonic() < deadline, f"the event was not delivered\n{stack.logs()}"
            time.sleep(0.05)
        return {"body": hook.body.decode(), "headers": {name.lower(): value for name, value in hook.headers.items()},
                "secret": secret_of(SECRET, tenant)}


def _jobs(stack: Stack, key: str) -> list[dict[str, Any]]:
    with _client(stack, key) as http:
        answer = http.get("/v1/audio/speech/jobs", params={"limit": 100})
    assert answer.status_code == 200, answer.text
    jobs: list[dict[str, Any]] = answer.json()["data"]
    return jobs


def _client(stack: Stack, key: str) -> httpx.Client:
    return httpx.Client(base_url=stack.base_url, timeout=60, headers={"Authorization": f"Bearer {key}"})
