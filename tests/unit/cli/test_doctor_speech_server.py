"""`speechmill doctor` and the server behind the voice remote."""

import json
from pathlib import Path

import pytest

from speechmill.cli.doctor.services import speech_server_in_use
from speechmill.cli.voices import Voice
from tests.services.program import free_port
from tests.unit.cli.http_server import Answer, running_server
from tests.unit.cli.test_commands import run

KEY = "sk-very-secret"


@pytest.fixture
def set_url(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    monkeypatch.setenv("SPEECHMILL_REMOTE__API_KEY", KEY)
    return monkeypatch


@pytest.mark.parametrize(("status", "state", "said"), [
    (200, "ok", "answers"), (404, "ok", "answers"), (401, "missing", "refuses the key"), (503, "warning", "answers 503"),
    (302, "warning", "answers 302")])
def test_what_it_answers_is_told(set_url: pytest.MonkeyPatch, status: int, state: str, said: str) -> None:
    with running_server(lambda asked: Answer(status, {"data": []}, {"location": "/elsewhere"})) as server:
        set_url.setenv("SPEECHMILL_REMOTE__URL", server.url)
        found = speech_server_in_use(Voice.REMOTE)
        assert [asked.path for asked in server.asked] == ["/v1/models"]
        assert server.asked[0].headers["authorization"] == f"Bearer {KEY}"
    assert found.state == state
    assert said in found.detail
    assert KEY not in repr(found)


def test_one_that_is_away_is_warned_of_since_workers_wait_for_it(set_url: pytest.MonkeyPatch) -> None:
    set_url.setenv("SPEECHMILL_REMOTE__URL", f"http://127.0.0.1:{free_port()}")
    found = speech_server_in_use(Voice.REMOTE)
    assert found.state == "warning"
    assert "does not answer" in found.detail


def test_without_an_address_the_stack_cannot_run(tmp_path: Path) -> None:
    done = run("doctor", "--voice", "remote", "--json", "--data", str(tmp_path), "--port", str(free_port()))
    checks = {check["name"]: check for check in json.loads(done.stdout)["checks"]}
    assert done.returncode == 1
    assert "SPEECHMILL_REMOTE__URL" in checks["speech server"]["detail"]


def test_voices_of_our_own_have_no_server() -> None:
    assert speech_server_in_use(Voice.ESPEAK).state == "unused"
