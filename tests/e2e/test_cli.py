"""The command line and the one-command stack, whole: real Redis, producer, workers, folder and signals."""

import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
import urllib.request
import uuid
import wave
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.services.program import free_port

SPEECHMILL = str(Path(sys.executable).with_name("speechmill"))
START_S = 60.0


@dataclass
class Up:
    """A running `speechmill up`."""

    process: "subprocess.Popen[str]"
    url: str
    data: Path
    ready_line: str

    def run(self, *arguments: str, text: str | None = None) -> "subprocess.CompletedProcess[str]":
        return subprocess.run([SPEECHMILL, *arguments], env={**outside(), "SPEECHMILL_URL": self.url}, input=text,
                              capture_output=True, text=True, timeout=100, check=False)

    def job(self, job_id: str) -> dict[str, Any]:
        return self._get(f"/{job_id}")

    def newest_job(self) -> dict[str, Any]:
        jobs: list[dict[str, Any]] = self._get("?limit=1")["data"]
        return jobs[0] if jobs else {"id": "", "status": ""}

    def submit(self, text: str) -> str:
        body = json.dumps({"input": text, "response_format": "wav"}).encode()
        request = urllib.request.Request(f"{self.url}/v1/audio/speech/jobs", body, {"Content-Type": "application/json"})
        with urllib.request.urlopen(request, timeout=30) as answer:
            return str(json.load(answer)["id"])

    def _get(self, path: str) -> dict[str, Any]:
        with urllib.request.urlopen(f"{self.url}/v1/audio/speech/jobs{path}", timeout=30) as answer:
            found: dict[str, Any] = json.load(answer)
            return found


def long_text(sentences: int = 1400) -> str:
    """A segment for every three sentences, none of which was ever spoken before: it takes some seconds."""
    once = uuid.uuid4().hex[:8]
    return " ".join(f"Sentence {n} of {once} takes its time, as every one of its many neighbours does." for n in range(sentences))


def outside() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if not name.startswith("SPEECHMILL_")}


def until(true: Callable[[], bool], timeout_s: float = 60) -> None:
    deadline = time.monotonic() + timeout_s
    while not true():
        assert time.monotonic() < deadline, "it did not come true in time"
        time.sleep(0.05)


@contextmanager
def up(data: Path, **settings: str) -> Iterator[Up]:
    port = free_port()
    with (data.with_suffix(".stderr")).open("a") as stderr:
        process = subprocess.Popen([SPEECHMILL, "up", "--data", str(data), "--port", str(port), "--voice", "tone"], text=True,
                                   env={**outside(), **settings}, stdout=subprocess.PIPE, stderr=stderr)
    assert process.stdout
    try:
        ready_line = process.stdout.readline()
        assert ready_line, data.with_suffix(".stderr").read_text()
        yield Up(process, f"http://127.0.0.1:{port}", data, ready_line)
    finally:
        process.kill()
        process.wait()
        process.stdout.close()


def descendants(pid: int) -> set[int]:
    """Every living process below `pid`."""
    parents = {}
    for entry in Path("/proc").glob("[0-9]*/stat"):
        try:
            state, parent = entry.read_text().rpartition(")")[2].split()[:2]
        except (FileNotFoundError, ProcessLookupError):
            continue
        if state != "Z":
            parents[int(entry.parent.name)] = int(parent)
    found = {pid}
    while more := {child for child, parent in parents.items() if parent in found} - found:
        found |= more
    return found - {pid}


def alive(pids: set[int]) -> set[int]:
    return {pid for pid in pids if _state(pid) not in ("", "Z")}


def _state(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return ""


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Up]:
    with up(tmp_path_factory.mktemp("cli") / "data") as running:
        yield running


def test_it_prints_one_ready_line_with_the_url(stack: Up) -> None:
    assert stack.ready_line == f"speechmill is ready at {stack.url}\n"


def test_say_speaks_into_a_file(stack: Up, tmp_path: Path) -> None:
    target = tmp_path / "hello.wav"
    said = stack.run("say", "Hello from the command line.", "-o", str(target), "--json")
    assert said.returncode == 0, said.stderr
    with wave.open(str(target)) as sound:
        duration_s = sound.getnframes() / sound.getframerate()
    assert duration_s == pytest.approx(json.loads(said.stdout)["output"]["duration_seconds"], abs=0.01)
    assert list(tmp_path.iterdir()) == [target]


def test_say_reads_a_text_of_several_segments_from_stdin(stack: Up, tmp_path: Path) -> None:
    said = stack.run("say", "-", "-o", str(tmp_path / "long.flac"), "--json", text="One more sentence, with a comma. " * 40)
    assert said.returncode == 0, said.stderr
    assert json.loads(said.stdout)["segments"]["total"] > 3
    assert (tmp_path / "long.flac").read_bytes()[:4] == b"fLaC"


def test_what_the_server_refuses_is_a_usage_error_in_its_own_words(stack: Up, tmp_path: Path) -> None:
    said = stack.run("say", "Hello.", "-o", str(tmp_path / "a.mp3"), "--voice", "nobody")
    assert said.returncode == 2
    assert re.fullmatch(r"speechmill: Unknown voice 'nobody' .*\n", said.stderr)


def test_jobs_are_listed_shown_and_waited_for(stack: Up, tmp_path: Path) -> None:
    said = json.loads(stack.run("say", "Listed.", "-o", str(tmp_path / "a.wav"), "--json").stdout)
    listed = json.loads(stack.run("jobs", "list", "--status", "completed", "--json").stdout)
    assert listed["data"][0]["id"] == said["id"]
    assert said["id"] in stack.run("jobs", "list").stdout
    assert stack.job(said["id"])["status"] == "completed"
    waited = stack.run("jobs", "wait", said["id"], "-o", str(tmp_path / "again.wav"))
    assert waited.returncode == 0
    assert (tmp_path / "again.wav").read_bytes() == (tmp_path / "a.wav").read_bytes()


def test_a_job_that_does_not_exist_is_not_found(stack: Up) -> None:
    assert stack.run("jobs", "show", "speech_none").returncode == 3


def test_a_job_that_is_over_cannot_be_cancelled_or_retried(stack: Up, tmp_path: Path) -> None:
    said = json.loads(stack.run("say", "Over.", "-o", str(tmp_path / "a.wav"), "--json").stdout)
    for verb in ("cancel", "retry"):
        refused = stack.run("jobs", verb, said["id"])
        assert refused.returncode == 2
        assert "completed" in refused.stderr


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_say_cancels_its_job(stack: Up, tmp_path: Path, number: int) -> None:
    before = stack.newest_job()["id"]
    client = subprocess.Popen([SPEECHMILL, "say", long_text(), "-o", str(tmp_path / "a.wav"), "--url", stack.url], env=outside(),
                              stderr=subprocess.PIPE, text=True)
    until(lambda: stack.newest_job()["id"] != before and stack.newest_job()["status"] == "in_progress")
    client.send_signal(number)
    _, told = client.communicate(timeout=60)
    assert client.returncode == 6
    assert told.startswith("speechmill: interrupted; speech_")
    job_id = told.split()[2]
    assert stack.run("jobs", "wait", job_id).returncode == 6
    assert stack.job(job_id)["status"] == "cancelled"
    assert list(tmp_path.iterdir()) == []


def test_waiting_can_time_out_and_the_job_goes_on(stack: Up) -> None:
    job_id = stack.submit(long_text(5000))
    waited = stack.run("jobs", "wait", job_id, "--timeout", "0.2")
    assert waited.returncode == 5
    assert stack.job(job_id)["status"] in ("queued", "in_progress")
    cancelled = stack.run("jobs", "cancel", job_id, "--json")
    assert json.loads(cancelled.stdout)["status"] in ("cancelling", "cancelled")


def test_the_webhook_secret_is_the_folders(stack: Up) -> None:
    printed = stack.run("webhook", "secret", "--data", str(stack.data)).stdout.strip()
    assert printed == json.loads((stack.data / "secrets.json").read_text())["webhook_secret"]
    assert printed.startswith("whsec_")


def test_doctor_finds_the_running_stack_safe(stack: Up) -> None:
    port = stack.url.rpartition(":")[2]
    report = json.loads(stack.run("doctor", "--json", "--data", str(stack.data), "--port", port).stdout)
    states = {check["name"]: check["state"] for check in report["checks"]}
    assert report["ok"]
    assert states["Redis in use"] == states[f"port {port}"] == "ok"


def test_a_second_stack_on_the_folder_is_refused(stack: Up) -> None:
    second = stack.run("up", "--data", str(stack.data), "--port", str(free_port()), "--voice", "tone")
    assert second.returncode == 4
    assert f"process {stack.process.pid}, {stack.url}" in second.stderr


def test_a_port_that_is_taken_is_refused_before_anything_starts(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        refused = subprocess.run([SPEECHMILL, "up", "--data", str(tmp_path / "data"), "--port", port, "--voice", "tone"],
                                 env=outside(), capture_output=True, text=True, timeout=60, check=False)
    assert refused.returncode == 4
    assert f"port {port} of 127.0.0.1 is taken" in refused.stderr


def test_a_part_that_cannot_start_ends_the_stack_with_its_reason(tmp_path: Path) -> None:
    refused = subprocess.run([SPEECHMILL, "up", "--data", str(tmp_path / "data"), "--port", str(free_port()), "--voice", "tone"],
                             env={**outside(), "SPEECHMILL_WORKER__SPEECH_SLOTS": "many"}, capture_output=True, text=True,
                             timeout=60, check=False)
    assert refused.returncode == 4
    assert refused.stdout == ""
    assert "SPEECHMILL_WORKER__SPEECH_SLOTS" in refused.stderr
    assert "(log: " in refused.stderr


def test_a_worker_that_is_killed_is_started_again_and_the_stack_goes_on(stack: Up, tmp_path: Path) -> None:
    before = _pid_of("worker speech", stack)
    assert before
    os.kill(before, signal.SIGKILL)
    until(lambda: _pid_of("worker speech", stack) not in (0, before))
    said = stack.run("say", "Still here.", "-o", str(tmp_path / "a.wav"), "--timeout", "60")
    assert said.returncode == 0, said.stderr
    assert "the speech worker was killed by signal 9" in stack.data.with_suffix(".stderr").read_text()


def test_sigterm_stops_everything_cleanly(stack: Up) -> None:
    below = descendants(stack.process.pid)
    assert len(below) >= 5
    stack.process.send_signal(signal.SIGTERM)
    assert stack.process.wait(timeout=40) == 0
    until(lambda: alive(below) == set())  # those below its parts end with them, a moment later
    assert stack.process.stdout
    assert stack.process.stdout.read() == ""
    assert not (stack.data / "running.json").exists()


def test_a_stack_that_is_killed_leaves_no_process_and_its_unfinished_job_is_finished_by_the_next(tmp_path: Path) -> None:
    data = tmp_path / "data"
    with up(data, SPEECHMILL_WORKER__LEASE_S="2") as first:
        job_id = first.submit(long_text(200))
        until(lambda: first.job(job_id)["segments"]["completed"] > 0)
        below = descendants(first.process.pid)
        first.process.kill()
        until(lambda: alive(below) == set())
    with up(data, SPEECHMILL_WORKER__LEASE_S="2") as second:
        waited = second.run("jobs", "wait", job_id, "--timeout", "60", "--json")
        assert waited.returncode == 0, waited.stderr
        job = json.loads(waited.stdout)
        assert job["segments"]["completed"] == job["segments"]["total"] > 50


def test_the_demo_speaks_a_paragraph_in_several_segments_and_leaves_nothing_behind(tmp_path: Path) -> None:
    target = tmp_path / "new folder" / "hello.mp3"
    shown = subprocess.run([SPEECHMILL, "demo", "-o", str(target), "--voice", "tone"], capture_output=True, text=True, timeout=90,
                           env={**outside(), "TMPDIR": str(tmp_path)}, check=False)
    assert shown.returncode == 0, shown.stderr
    assert re.fullmatch(rf"{re.escape(str(target))}: [\d.]+ s of speech, [\d.]+ s from start to end\n", shown.stdout)
    assert re.search(r"in [2-9] segments", shown.stderr)
    assert target.stat().st_size > 10_000
    assert list(tmp_path.iterdir()) == [target.parent]


def test_a_demo_that_fails_says_where_the_logs_are_and_keeps_them(tmp_path: Path) -> None:
    settings = {"TMPDIR": str(tmp_path), "SPEECHMILL_LOG__LEVEL": "loud"}
    failed = subprocess.run([SPEECHMILL, "demo", "-o", str(tmp_path / "a.mp3"), "--voice", "tone"], capture_output=True,
                            text=True, timeout=90, env={**outside(), **settings}, check=False)
    assert failed.returncode == 4
    assert "SPEECHMILL_LOG__LEVEL" in failed.stderr
    assert Path(failed.stderr.split()[-1].rstrip(".")).is_dir()


@pytest.mark.slow
def test_the_bench_reports_every_run(tmp_path: Path) -> None:
    done = subprocess.run([SPEECHMILL, "bench", "queue", "--seconds", "1", "--jobs", "10", "--json"], capture_output=True,
                          text=True, timeout=110, env={**outside(), "TMPDIR": str(tmp_path)}, check=False)
    assert done.returncode == 0, done.stderr
    report = json.loads(done.stdout)
    for run in ("accept", "paced", "celery"):
        assert report[run]["accepted"] > 0
        assert report[run]["refused"] == 0
        assert 0 < report[run]["cpu_share"] < 1
    assert report["accept_over_celery"] > 0
    assert 0 <= report["idle"]["claimed_p50_ms"] <= report["idle"]["completed_p50_ms"]
    assert list(tmp_path.iterdir()) == []


def _pid_of(part: str, stack: Up) -> int:
    for pid in descendants(stack.process.pid):
        try:
            command = Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode()
        except (FileNotFoundError, ProcessLookupError):
            continue
        if f"-m {part}" in command:
            return pid
    return 0
