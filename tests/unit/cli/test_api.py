"""The client against a real server: every answer becomes a job, a file, or one line and an exit status."""

import hashlib
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest

from speechmill.cli.api import Api
from speechmill.cli.exits import Exit, Failure
from tests.services.program import free_port
from tests.unit.cli.http_server import Answer, Asked, problem, running_server
from tests.unit.cli.views import SOUND, view


@pytest.mark.parametrize(("status", "exit"), [
    (400, Exit.USAGE), (404, Exit.NOT_FOUND), (409, Exit.USAGE), (410, Exit.NOT_FOUND), (413, Exit.USAGE), (422, Exit.USAGE),
    (429, Exit.UNAVAILABLE), (500, Exit.FAILED), (503, Exit.UNAVAILABLE), (504, Exit.TIMEOUT)])
def test_a_refusal_carries_the_servers_own_message(status: int, exit: Exit) -> None:
    with running_server(lambda _: problem(status, "speed must be at most 4.\nReally.")) as server, Api(server.url) as api:
        with pytest.raises(Failure) as failure:
            api.create({"input": "x"}, "key")
        assert failure.value.message == "speed must be at most 4. Really."
        assert failure.value.exit is exit


@pytest.mark.parametrize("status", [504, 522])
def test_a_status_that_only_a_proxy_has_means_that_the_server_is_away(status: int) -> None:
    with running_server(lambda _: Answer(status, b"timed out")) as server, Api(server.url) as api:
        with pytest.raises(Failure, match=f"answered {status}") as failure:
            api.job("speech_1")
        assert failure.value.exit is Exit.UNAVAILABLE


def test_replaying_all_goes_on_behind_what_cannot_be_sent() -> None:
    dead = [{"id": f"evt_{n}", "url": None if n == 2 else "http://there"} for n in range(5)]
    refusals = {"evt_1": (409, "webhook_endpoint_disabled"), "evt_3": (410, "job_gone")}
    replayed: list[str] = []

    def answer(asked: Asked) -> Answer:
        if asked.method == "GET":
            after = parse_qs(urlsplit(asked.path).query).get("after", [""])[0]
            left = [event for event in dead if event["id"] not in replayed and str(event["id"]) > after]
            return Answer(body={"data": left[:2], "has_more": len(left) > 2})
        event_id = asked.path.split("/")[-2]
        if event_id in refusals:
            status, code = refusals[event_id]
            return Answer(status, {"error": {"message": "No.", "code": code}})
        replayed.append(event_id)
        return Answer(202, {"id": event_id})

    with running_server(answer) as server, Api(server.url) as api:
        assert api.replay_all() == 2
    assert replayed == ["evt_0", "evt_4"]


def test_replaying_all_ends_at_a_refusal_of_another_kind() -> None:
    def answer(asked: Asked) -> Answer:
        if asked.method == "GET":
            return Answer(body={"data": [{"id": "evt_1", "url": "http://there"}], "has_more": False})
        return problem(403, "Not with this key.")

    with running_server(answer) as server, Api(server.url) as api, pytest.raises(Failure, match="Not with this key"):
        api.replay_all()


def test_a_server_that_is_not_there_is_unavailable_and_the_message_says_what_to_do() -> None:
    with Api(f"http://127.0.0.1:{free_port()}") as api, pytest.raises(Failure, match="speechmill up") as failure:
        api.job("speech_1")
    assert failure.value.exit is Exit.UNAVAILABLE


def test_what_is_not_speechmill_is_said_to_be_something_else() -> None:
    with (running_server(lambda _: Answer(200, b"<html>")) as server, Api(server.url) as api,
          pytest.raises(Failure, match="is not speechmill") as failure):
        api.job("speech_1")
    assert failure.value.exit is Exit.UNAVAILABLE


@pytest.mark.parametrize("url", ["127.0.0.1:8000", "ftp://host", "", "http://"])
def test_an_address_that_is_none_is_a_usage_error(url: str) -> None:
    with pytest.raises(Failure, match="no address of a server") as failure:
        Api(url)
    assert failure.value.exit is Exit.USAGE


@pytest.mark.parametrize("job_id", ["../../admin", "a/b", "", "speech_ü", "a?b=c"])
def test_an_id_cannot_lead_to_another_route(job_id: str) -> None:
    with running_server(lambda _: Answer(200, view("queued"))) as server, Api(server.url) as api:
        with pytest.raises(Failure) as failure:
            api.cancel(job_id)
        assert failure.value.exit is Exit.NOT_FOUND
        assert server.asked == []


def test_a_download_follows_the_redirect_and_appears_whole(tmp_path: Path) -> None:
    target = tmp_path / "speech.mp3"
    with running_server(_redirecting(SOUND)) as server, Api(server.url) as api:
        api.download(view("completed"), target)
    assert target.read_bytes() == SOUND
    assert list(tmp_path.iterdir()) == [target]


def test_a_damaged_download_leaves_nothing_and_keeps_what_was_there(tmp_path: Path) -> None:
    target = tmp_path / "speech.mp3"
    target.write_bytes(b"of yesterday")
    with (running_server(_redirecting(SOUND[:-1] + b"?")) as server, Api(server.url) as api,
          pytest.raises(Failure, match="SHA-256")):
        api.download(view("completed"), target)
    assert target.read_bytes() == b"of yesterday"
    assert list(tmp_path.iterdir()) == [target]


def test_a_download_of_what_has_expired_is_not_found(tmp_path: Path) -> None:
    with (running_server(lambda _: problem(410, "The result has expired.")) as server, Api(server.url) as api,
          pytest.raises(Failure, match=r"The result has expired\.") as failure):
        api.download(view("completed"), tmp_path / "speech.mp3")
    assert failure.value.exit is Exit.NOT_FOUND
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_cannot_be_written_is_named() -> None:
    with (running_server(_redirecting(SOUND)) as server, Api(server.url) as api,
          pytest.raises(Failure, match=r"/proc/speech\.mp3")):
        api.download(view("completed"), Path("/proc/speech.mp3"))


def test_a_proxy_of_the_environment_is_not_asked_for_loopback(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", f"http://127.0.0.1:{free_port()}")
    with running_server(lambda _: Answer(200, view("queued"))) as server, Api(server.url) as api:
        assert api.job("speech_1")["status"] == "queued"


def _redirecting(sound: bytes):  # type: ignore[no-untyped-def]
    assert hashlib.sha256(SOUND).hexdigest() == view("completed")["output"]["sha256"]

    def answer(asked: Asked) -> Answer:
        if asked.path.endswith("/content"):
            return Answer(302, b"", {"location": "/v1/objects/it"})
        return Answer(200, sound)

    return answer
