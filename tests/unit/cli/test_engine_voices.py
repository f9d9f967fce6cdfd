"""The voices that need a checkpoint, as the command line knows them: what is missing is said before anything is started."""

import base64
import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from speechmill.cli.bench import engine as bench
from speechmill.cli.exits import Exit, Failure
from speechmill.cli.stack.folder import DataFolder
from speechmill.cli.stack.log_tail import LogTail
from speechmill.cli.stack.parts import Asked, environment
from speechmill.cli.stack.secrets import Secrets
from speechmill.cli.voices import Voice, require_checkpoint
from speechmill.settings import WorkerSettings
from tests.services.program import free_port
from tests.unit.cli.http_server import Answer, running_server
from tests.unit.cli.test_commands import run
from tests.unit.cli.views import SOUND, view


def test_every_voice_of_a_worker_can_be_asked_for() -> None:
    known = WorkerSettings.model_json_schema()["properties"]["voice"]["enum"]
    assert [voice.value for voice in Voice] == known


@pytest.mark.parametrize("voice", [Voice.QWEN3, Voice.REFERENCE])
def test_a_voice_without_its_checkpoint_is_a_usage_error_that_says_how_to_name_one(voice: Voice) -> None:
    with pytest.raises(Failure, match=r"--checkpoint or SPEECHMILL_ENGINE__CHECKPOINT, such as Qwen/") as failure:
        require_checkpoint(voice, "")
    assert failure.value.exit is Exit.USAGE
    require_checkpoint(voice, "a/b")
    require_checkpoint(Voice.ESPEAK, "")


@pytest.mark.parametrize("command", [("up",), ("demo", "-o", "hello.wav")])
def test_nothing_is_started_without_a_checkpoint(command: tuple[str, ...], tmp_path: Path,
                                                 monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    done = run(*command, "--data", str(tmp_path / "data"), "--voice", "qwen3",
               SPEECHMILL_PRODUCER__PORT=str(free_port()))
    assert done.returncode == 2
    assert done.stderr.startswith(b"speechmill: voice qwen3 has nothing to speak with")
    assert not (tmp_path / "data").exists()


def test_the_checkpoint_that_was_asked_for_goes_before_the_one_of_the_environment(tmp_path: Path) -> None:
    secrets, outside = Secrets("url secret", "whsec_secret", "password"), {"SPEECHMILL_ENGINE__CHECKPOINT": "a/outside"}
    for checkpoint, expected in (("a/asked", "a/asked"), ("", "a/outside")):
        asked = Asked(8123, Voice.QWEN3, checkpoint=checkpoint)
        settings = environment(DataFolder(tmp_path), secrets, asked, "redis://r", outside)
        assert settings["SPEECHMILL_ENGINE__CHECKPOINT"] == expected


# What a start says of itself ---------------------------------------------------------------------------------------------

def test_a_tail_gives_whole_lines_and_each_once(tmp_path: Path) -> None:
    log = tmp_path / "speech.log"
    log.write_text("of yesterday\n")
    tail = LogTail(log)
    assert tail.lines() == []
    with log.open("a") as stream:
        stream.write(json.dumps({"level": "info", "message": "model: 1.0 of 3.9 GB"}) + "\nplain\nhalf a li")
        stream.flush()
        assert tail.lines() == ["model: 1.0 of 3.9 GB", "plain"]
        assert tail.lines() == []
        stream.write("ne\n")
    assert tail.lines() == ["half a line"]


def test_a_tail_of_a_log_that_is_not_there_yet_begins_with_its_first_line(tmp_path: Path) -> None:
    tail = LogTail(tmp_path / "speech.log")
    assert tail.lines() == []
    (tmp_path / "speech.log").write_text("first\n")
    assert tail.lines() == ["first"]


# say ----------------------------------------------------------------------------------------------------------------------

def test_say_sends_the_voice_to_clone_along(tmp_path: Path) -> None:
    (tmp_path / "me.wav").write_bytes(SOUND)
    with running_server(lambda asked: Answer(200, SOUND) if asked.path.endswith("/content")
                        else Answer(202 if asked.method == "POST" else 200, view("completed"))) as server:
        done = run("say", "Hello.", "-o", str(tmp_path / "hello.wav"), "--ref-audio", str(tmp_path / "me.wav"),
                   "--ref-text", "It is me.", SPEECHMILL_URL=server.url)
        sent = json.loads(server.asked[0].body)
    assert done.returncode == 0
    assert sent["ref_text"] == "It is me."
    kind, _, encoded = sent["ref_audio"].partition(",")
    assert kind == "data:application/octet-stream;base64"
    assert base64.b64decode(encoded) == SOUND


def test_a_recording_that_cannot_be_read_is_named_before_anything_is_sent(tmp_path: Path) -> None:
    done = run("say", "x", "-o", str(tmp_path / "a.mp3"), "--ref-audio", str(tmp_path / "none.wav"),
               SPEECHMILL_URL=f"http://127.0.0.1:{free_port()}")
    assert done.returncode == 2
    assert b"none.wav cannot be read: No such file" in done.stderr


# bench engine ---------------------------------------------------------------------------------------------------------------

def test_bench_engine_takes_every_option_of_the_program_that_it_runs() -> None:
    theirs = subprocess.run([sys.executable, "-m", "worker.bench", "--help"], capture_output=True, text=True, check=True).stdout
    ours = run("bench", "engine", "--help").stdout.decode()
    first_words = re.compile(r"^ +(?:-h, )?(--[a-z]+)", re.MULTILINE)
    assert set(first_words.findall(ours)) == set(first_words.findall(theirs))
    assert len(first_words.findall(ours)) > 9


@pytest.mark.parametrize("arguments", [(), ("--checkpoint", "a/b", "--random", "tiny")])
def test_bench_engine_wants_to_know_what_to_speak_with(arguments: tuple[str, ...]) -> None:
    done = run("bench", "engine", *arguments)
    assert done.returncode == 2
    assert b"either --checkpoint NAME, or --random 1.7b" in done.stderr


def test_bench_engine_says_which_extra_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda _: None)
    with pytest.raises(Failure, match=r"torch, .*huggingface-hub. pip install 'speechmill\[worker,gpu\]'") as failure:
        bench.engine(random="tiny")
    assert failure.value.exit is Exit.UNAVAILABLE


def test_bench_engine_ends_as_the_program_does_in_its_own_words() -> None:
    done = run("bench", "engine", "--random", "tiny", "--config", "steam")
    assert done.returncode == 2
    assert b"There is no backend 'steam'" in done.stderr
