"""The command line as a program: what it prints where, and how it ends."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.services.program import free_port
from tests.unit.cli.http_server import Answer, Asked, problem, running_server
from tests.unit.cli.views import SOUND, view


def run(*arguments: str, text: str | bytes | None = None, **environment: str) -> "subprocess.CompletedProcess[bytes]":
    outside = {name: value for name, value in os.environ.items() if not name.startswith("SPEECHMILL_")}
    return subprocess.run([sys.executable, "-m", "speechmill.cli.main", *arguments], env={**outside, **environment},
                          input=text.encode() if isinstance(text, str) else text, capture_output=True, timeout=60, check=False)


def server_that_speaks(asked: Asked) -> Answer:
    if asked.path.endswith("/content"):
        return Answer(200, SOUND)
    return Answer(202 if asked.method == "POST" else 200, view("completed"))


def test_help_imports_nothing_that_is_slow() -> None:
    code = ("import sys; import speechmill.cli.main\n"
            "print(sorted({'httpx', 'rich', 'redis', 'pydantic', 'celery', 'asyncio', 'email'} & set(sys.modules)))")
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout.strip() == "[]"


def test_no_part_of_it_imports_the_servers_or_what_they_are_made_of() -> None:
    code = ("import pkgutil, importlib, sys, speechmill.cli\n"
            "for module in pkgutil.walk_packages(speechmill.cli.__path__, 'speechmill.cli.'):\n"
            "    if module.name != 'speechmill.cli.bench.peer': importlib.import_module(module.name)\n"
            "print(sorted({'producer', 'worker', 'fastapi', 'starlette', 'numpy', 'torch'} & set(sys.modules)))")
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout.strip() == "[]"


def test_say_writes_the_file_and_says_so_on_stderr(tmp_path: Path) -> None:
    target = tmp_path / "hello.ogg"
    with running_server(server_that_speaks) as server:
        done = run("say", "Hello.", "-o", str(target), "--voice", "middle", "--speed", "1.5", "--seed", "0",
                   SPEECHMILL_URL=server.url)
        sent = json.loads(server.asked[0].body)
    assert done.returncode == 0
    assert target.read_bytes() == SOUND
    assert done.stdout == b""
    assert b"1.5 s of speech" in done.stderr
    assert sent == {"input": "Hello.", "voice": "middle", "speed": 1.5, "seed": 0, "response_format": "opus"}


def test_say_reads_a_long_text_from_stdin(tmp_path: Path) -> None:
    text = "Ein Satz. 一句话。 " * 60_000
    with running_server(server_that_speaks) as server:
        done = run("say", "-", "-o", str(tmp_path / "book.mp3"), "--url", server.url, text=text)
        assert done.returncode == 0
        assert json.loads(server.asked[0].body)["input"] == text


def test_say_can_write_to_stdout() -> None:
    with running_server(server_that_speaks) as server:
        done = run("say", "Hello.", "-o", "-", "--format", "wav", "--url", server.url)
    assert done.stdout == SOUND


def test_json_on_stdout_is_the_job_and_nothing_else(tmp_path: Path) -> None:
    with running_server(server_that_speaks) as server:
        done = run("say", "Hello.", "-o", str(tmp_path / "a.wav"), "--json", "--url", server.url)
        listed = run("jobs", "wait", "speech_1", "--json", "--url", server.url)
    assert json.loads(done.stdout)["status"] == "completed"
    assert json.loads(listed.stdout)["id"] == "speech_1"


def test_the_servers_message_is_one_line_on_stderr(tmp_path: Path) -> None:
    with running_server(lambda _: problem(400, "Unknown voice 'x'. It has: middle.")) as server:
        done = run("say", "Hello.", "-o", str(tmp_path / "a.wav"), "--voice", "x", "--url", server.url)
    assert done.returncode == 2
    assert done.stderr == b"speechmill: Unknown voice 'x'. It has: middle.\n"
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(("arguments", "told"), [
    (("say", "x", "-o", "speech.txt"), b"does not say what format"),
    (("say", "x", "-o", "no/such/folder/a.mp3"), b"is not a folder"),
    (("say", "x", "-o", "/", "--format", "mp3"), b"is a folder"),
    (("say", "x"), b"--output"),
    (("say", "x", "-o", "a.mp3", "--url", "nowhere"), b"no address of a server"),
    (("jobs", "list", "--limit", "many"), b"'--limit'"),
    (("nonsense",), b"nonsense")])
def test_a_wrong_command_line_is_a_usage_error_before_anything_is_sent(
        arguments: tuple[str, ...], told: bytes, tmp_path: Path) -> None:
    done = run(*(str(tmp_path / part) if part.endswith(".mp3") else part for part in arguments),
               SPEECHMILL_URL=f"http://127.0.0.1:{free_port()}")
    assert done.returncode == 2
    assert told in done.stderr
    assert b"Traceback" not in done.stderr


def test_stdin_that_is_no_text_is_a_usage_error(tmp_path: Path) -> None:
    done = run("say", "-", "-o", str(tmp_path / "a.mp3"), text=b"\xff\xfe")
    assert done.returncode == 2
    assert b"not UTF-8 (byte 0)" in done.stderr


def test_no_server_is_unavailable(tmp_path: Path) -> None:
    done = run("say", "x", "-o", str(tmp_path / "a.mp3"), "--url", f"http://127.0.0.1:{free_port()}")
    assert done.returncode == 4
    assert done.stderr.count(b"\n") == 1


def test_a_job_that_failed_is_status_1_and_is_shown() -> None:
    failed = view("failed", error={"message": "The voice broke."})
    with running_server(lambda _: Answer(200, failed)) as server:
        done = run("jobs", "wait", "speech_1", "--url", server.url)
    assert done.returncode == 1
    assert b"The voice broke." in done.stderr
    assert b"status      failed\n" in done.stdout


def test_a_list_is_a_table_and_says_how_to_go_on() -> None:
    page = {"data": [view("completed"), view("queued")], "has_more": True, "last_id": "speech_9"}
    with running_server(lambda _: Answer(200, page)) as server:
        done = run("jobs", "list", "--status", "queued", "--limit", "2", "--url", server.url)
        assert server.asked[0].path == "/v1/audio/speech/jobs?status=queued&limit=2&after=&order=desc"
    head, first, second = done.stdout.decode().splitlines()
    assert head.split() == ["JOB", "STATUS", "DONE", "VOICE", "FORMAT", "CREATED", "AUDIO"]
    assert first.split()[:4] == ["speech_1", "completed", "100", "%"]
    assert second.split()[1] == "queued"
    assert done.stderr == b"More: --after speech_9\n"


def test_the_webhook_secret_of_a_folder_that_has_none_is_not_found(tmp_path: Path) -> None:
    done = run("webhook", "secret", "--data", str(tmp_path))
    assert done.returncode == 3
    assert b"speechmill up" in done.stderr


def test_the_webhook_secret_of_the_environment_goes_first(tmp_path: Path) -> None:
    secret = run("webhook", "secret", "--new").stdout.decode().strip()
    done = run("webhook", "secret", "--data", str(tmp_path), SPEECHMILL_WEBHOOKS__SECRET=secret)
    assert done.stdout.decode() == f"{secret}\n"


def test_a_webhook_secret_that_signs_nothing_is_not_shown_as_one(tmp_path: Path) -> None:
    done = run("webhook", "secret", "--data", str(tmp_path), SPEECHMILL_WEBHOOKS__SECRET="whsec_of_the_environment")
    assert (done.returncode, done.stdout) == (2, b"")
    assert b"SPEECHMILL_WEBHOOKS__SECRET must be whsec_" in done.stderr


def test_an_address_of_redis_that_is_none_is_refused_without_its_password(tmp_path: Path) -> None:
    done = run("keys", "list", "--data", str(tmp_path), SPEECHMILL_REDIS__URL="redys://:hunter2@redis/0")
    assert done.returncode == 2
    assert b"SPEECHMILL_REDIS__URL" in done.stderr
    assert b"hunter2" not in done.stderr


def test_a_new_webhook_secret_is_another_one_each_time() -> None:
    from speechmill.webhook import parse_secret

    first, second = (run("webhook", "secret", "--new").stdout.decode().strip() for _ in range(2))
    assert first != second
    assert len(parse_secret(first)) >= 24
