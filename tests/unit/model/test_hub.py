"""Names become folders: through the real huggingface_hub client, against a hub of our own on this machine.

The client reads its environment when it is imported, so fetches run in other processes: one for most, one of its own for each
that is killed or has another environment.
"""

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.unit.model.conftest import TinyCheckpoint
from tests.unit.model.local_hub import COMMIT, LocalHub
from worker.model.checkpoint import open_checkpoint
from worker.model.errors import CheckpointError
from worker.model.hub import fetch
from worker.model.progress import Meter, Progress

FETCH = """
import json, os, sys
from worker.model import hub, progress
from worker.model.errors import CheckpointError
from worker.model.hub import fetch
progress.REPORT_EVERY_S = 0.0
hub.ANSWER_S = float(os.environ.get("ANSWER_S", "30"))
for asked in sys.stdin:
    name, offline = json.loads(asked)
    lines = []
    try:
        folder, error = str(fetch(name, offline=offline, report=lambda progress: lines.append(str(progress)))), ""
    except CheckpointError as problem:
        folder, error = "", problem.message
    print(json.dumps([folder, error, lines]), flush=True)
"""

Process = subprocess.Popen[str]


@dataclass(frozen=True)
class Fetched:
    folder: Path
    error: str
    lines: list[str]


@dataclass(frozen=True)
class Machine:
    """Where names are fetched to: a cache of its own, empty at first, and a hub."""

    home: Path
    hub: LocalHub
    process: Process

    def fetch(self, name: str = "Qwen/tiny", *, offline: bool = False) -> Fetched:
        return ask(self.process, name, offline=offline)

    def start(self, **environment: str) -> Process:
        return start(self.home, self.hub, **environment)

    def fetch_with(self, **environment: str) -> Fetched:
        process = self.start(**environment)
        try:
            return ask(process, "Qwen/tiny", offline=False)
        finally:
            process.communicate(timeout=60)

    def unfinished(self) -> list[Path]:
        return list(self.home.glob("hub/models--Qwen--tiny/blobs/*.incomplete"))


def start(home: Path, hub: LocalHub, **environment: str) -> Process:
    return subprocess.Popen(
        [sys.executable, "-c", FETCH],
        env={"PATH": os.environ["PATH"], "HF_ENDPOINT": hub.url, "HF_HOME": str(home), **environment},
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    )


def send(process: Process, name: str, *, offline: bool) -> None:
    assert process.stdin is not None
    print(json.dumps([name, offline]), file=process.stdin, flush=True)


def answer(process: Process) -> Fetched:
    assert process.stdout is not None
    folder, error, lines = json.loads(process.stdout.readline())
    return Fetched(Path(folder), error, lines)


def ask(process: Process, name: str, *, offline: bool) -> Fetched:
    send(process, name, offline=offline)
    return answer(process)


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Machine]:
    folder = tmp_path_factory.mktemp("hub")
    with LocalHub(folder / "repository").running() as hub:
        process = start(folder / "home", hub)
        yield Machine(folder / "home", hub, process)
        process.communicate(timeout=60)


@pytest.fixture
def machine(served: Machine, tiny_checkpoint: TinyCheckpoint) -> Iterator[Machine]:
    served.hub.mend()
    shutil.copytree(tiny_checkpoint("custom_voice"), served.hub.folder)
    (served.hub.folder / "README.md").write_text("not needed to speak")
    yield served
    shutil.rmtree(served.hub.folder)
    shutil.rmtree(served.home, ignore_errors=True)
    served.home.unlink(missing_ok=True)


def test_a_directory_is_returned_as_it_is(tmp_path: Path) -> None:
    assert fetch(str(tmp_path), offline=True, report=print) == tmp_path


@pytest.mark.parametrize("name", ["no/such/folder", "gone", "Qwen/a--b", "/models/gone", "Qwen/tiny@", ""])
def test_what_is_neither_a_directory_nor_a_name_is_refused(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(CheckpointError, match="no directory, and no name on the hub") as refusal:
        fetch(name or "?", offline=True, report=print)
    assert "Qwen/Qwen3-TTS-12Hz-1.7B-CustomVoice" in refusal.value.message


def test_a_name_becomes_a_folder_that_opens_and_is_fetched_once(machine: Machine) -> None:
    first = machine.fetch()
    assert not first.error
    assert open_checkpoint(first.folder).config.kind == "custom_voice"
    assert not (first.folder / "README.md").exists()
    assert first.lines[-1].endswith("complete")
    assert any("MB/s" in line for line in first.lines)
    n_asked = len(machine.hub.asked)
    assert machine.fetch() == Fetched(first.folder, "", [])
    assert len(machine.hub.asked) == n_asked


def test_offline_finds_the_cache_or_says_how_to_fill_it(machine: Machine) -> None:
    before = machine.fetch(offline=True)
    assert "hf download Qwen/tiny" in before.error
    assert str(machine.home) in before.error
    online = machine.fetch()
    n_asked = len(machine.hub.asked)
    assert machine.fetch(offline=True).folder == online.folder
    assert machine.fetch_with(HF_HUB_OFFLINE="1").folder == online.folder
    assert len(machine.hub.asked) == n_asked


def test_without_a_network_the_cache_serves_and_an_empty_one_is_explained(machine: Machine) -> None:
    nobody_listens = "http://127.0.0.1:9"
    alone = machine.fetch_with(HF_ENDPOINT=nobody_listens)
    assert nobody_listens in alone.error
    assert "does not answer" in alone.error
    online = machine.fetch()
    assert machine.fetch_with(HF_ENDPOINT=nobody_listens).folder == online.folder
    machine.hub.closed = (503, "")
    assert machine.fetch().folder == online.folder


def test_a_hub_that_takes_connections_and_says_nothing_is_one_that_does_not_answer(machine: Machine) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        endpoint = f"http://127.0.0.1:{silent.getsockname()[1]}"
        alone = machine.fetch_with(HF_ENDPOINT=endpoint, ANSWER_S="0.5")
        assert f"the hub at {endpoint} does not answer" in alone.error
        online = machine.fetch()
        assert machine.fetch_with(HF_ENDPOINT=endpoint, ANSWER_S="0.5").folder == online.folder


def test_a_start_from_a_whole_cache_asks_the_hub_once_where_the_branch_is(machine: Machine) -> None:
    """More questions would be more that a hub can leave unanswered."""
    machine.fetch()
    shutil.rmtree(machine.home / "hub" / "models--Qwen--tiny" / "trees", ignore_errors=True)     # older clients keep none
    machine.hub.mend()
    assert not machine.fetch_with().error
    assert machine.hub.listings == ["/api/models/Qwen/tiny/revision/main"]
    assert not machine.hub.asked


def test_a_branch_that_moved_is_found_offline_where_it_is_now(machine: Machine) -> None:
    online = machine.fetch()
    ref = machine.home / "hub" / "models--Qwen--tiny" / "refs" / "main"
    ref.write_text("0" * 40)
    assert "not whole" in machine.fetch(offline=True).error
    machine.fetch()
    assert machine.fetch(offline=True).folder == online.folder
    assert list(ref.parent.iterdir()) == [ref]


def test_a_pinned_commit_asks_the_hub_only_once(machine: Machine) -> None:
    pinned = machine.fetch(f"Qwen/tiny@{COMMIT}")
    assert not pinned.error
    machine.hub.closed = (500, "")
    assert machine.fetch(f"Qwen/tiny@{COMMIT}").folder == pinned.folder


@pytest.mark.parametrize("lost", ["merges.txt", "speech_tokenizer/model.safetensors"])
def test_a_cache_that_lacks_a_file_is_completed_though_pinned(lost: str, machine: Machine) -> None:
    name = f"Qwen/tiny@{COMMIT}"
    (machine.fetch(name).folder / lost).unlink()  # as a fetch leaves it that was killed before its last link
    # Older clients keep no list of what belongs to a commit; the client remembers it, so another process asks.
    shutil.rmtree(machine.home / "hub" / "models--Qwen--tiny" / "trees", ignore_errors=True)
    process = machine.start()
    try:
        assert "not whole" in ask(process, name, offline=True).error
        open_checkpoint(ask(process, name, offline=False).folder)
    finally:
        process.communicate(timeout=60)


def test_a_pinned_checkpoint_in_shards_is_whole_with_all_of_them(machine: Machine) -> None:
    """Here without the client's own list of what belongs to a commit."""
    name = f"Qwen/tiny@{COMMIT}"
    (machine.hub.folder / "model.safetensors").rename(machine.hub.folder / "model-1-of-2.safetensors")
    (machine.hub.folder / "model-2-of-2.safetensors").write_bytes(b"the rest")
    (machine.hub.folder / "model.safetensors.index.json").write_text(
        json.dumps({"weight_map": {"a": "model-1-of-2.safetensors", "b": "model-2-of-2.safetensors"}}))
    second = machine.fetch(name).folder / "model-2-of-2.safetensors"
    assert machine.fetch(name, offline=True).folder == second.parent
    second.unlink()
    assert "not whole" in machine.fetch(name, offline=True).error
    assert not machine.fetch(name).error
    assert second.read_bytes() == b"the rest"


def test_a_lost_connection_goes_on_where_it_stopped(machine: Machine) -> None:
    machine.hub.cut_after_bytes = [5_000_000, 2_000_000]
    fetched = machine.fetch()
    assert not fetched.error
    assert [asked for asked in machine.hub.asked if asked.startswith("model.safetensors")] == [
        "model.safetensors bytes=0-", "model.safetensors bytes=5000000-", "model.safetensors bytes=7000000-",
    ]
    assert (fetched.folder / "model.safetensors").read_bytes() == (machine.hub.folder / "model.safetensors").read_bytes()


def test_a_killed_fetch_goes_on_where_it_stopped(machine: Machine) -> None:
    machine.hub.cut_after_bytes = [4_000_000, *[0] * 100]
    process = machine.start()
    send(process, "Qwen/tiny", offline=False)
    try:
        until = time.monotonic() + 60
        while not any(part.stat().st_size == 4_000_000 for part in machine.unfinished()):
            assert time.monotonic() < until
            time.sleep(0.05)
    finally:
        process.send_signal(signal.SIGKILL)
        process.communicate()
    machine.hub.cut_after_bytes = []
    machine.hub.asked.clear()
    fetched = machine.fetch()
    assert "model.safetensors bytes=4000000-" in machine.hub.asked
    assert "model.safetensors bytes=0-" not in machine.hub.asked
    open_checkpoint(fetched.folder)
    assert not machine.unfinished()


def test_two_processes_fetch_one_file_once(machine: Machine) -> None:
    other = machine.start()
    send(other, "Qwen/tiny", offline=False)
    ours = machine.fetch()
    theirs = answer(other)
    other.communicate(timeout=60)
    assert ours.folder == theirs.folder
    assert not ours.error
    assert not theirs.error
    assert machine.hub.asked.count("model.safetensors bytes=0-") == 1


def test_a_server_without_ranges_sends_all_of_it_again(machine: Machine) -> None:
    machine.hub.knows_ranges = False
    machine.hub.cut_after_bytes = [5_000_000]
    fetched = machine.fetch()
    assert (fetched.folder / "model.safetensors").read_bytes() == (machine.hub.folder / "model.safetensors").read_bytes()


def test_wrong_content_is_fetched_again_and_refused_the_second_time(machine: Machine) -> None:
    machine.hub.altered = 1
    fetched = machine.fetch()
    assert not fetched.error
    shutil.rmtree(machine.home)
    machine.hub.altered = 2
    assert "wrong content twice" in machine.fetch().error
    assert not list(machine.home.glob("hub/models--Qwen--tiny/snapshots/*/model.safetensors"))
    machine.hub.altered = 0
    assert not machine.fetch().error


@pytest.mark.parametrize(
    ("closed", "expected"),
    [
        ((401, "GatedRepo"), "accept its terms"),
        ((401, "RepoNotFound"), "check the spelling"),
        ((404, "RevisionNotFound"), "no revision main"),
    ],
)
def test_a_closed_door_says_what_opens_it(machine: Machine, closed: tuple[int, str], expected: str) -> None:
    machine.hub.closed = closed
    refused = machine.fetch()
    assert expected in refused.error
    assert "Qwen/tiny" in refused.error


def test_an_unknown_revision_is_named(machine: Machine) -> None:
    assert "has no revision v9" in machine.fetch("Qwen/tiny@v9").error


def test_another_kind_of_model_is_refused_before_its_weights_come(machine: Machine) -> None:
    (machine.hub.folder / "speech_tokenizer" / "config.json").unlink()
    assert "is no Qwen3-TTS checkpoint: it lacks speech_tokenizer/config.json" in machine.fetch().error
    assert not machine.hub.asked


def test_too_small_a_disk_is_found_before_anything_comes(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    listing = machine.hub.info()
    for sibling in listing["siblings"]:  # type: ignore[attr-defined]
        if sibling["rfilename"] == "model.safetensors":
            sibling["size"] = 10**18
    monkeypatch.setattr(machine.hub, "info", lambda: listing)
    refused = machine.fetch()
    assert "needs 1,000,000,00" in refused.error
    assert "HF_HOME" in refused.error
    assert str(machine.home) in refused.error
    assert not machine.hub.asked


def test_a_cache_that_cannot_be_written_is_named(machine: Machine) -> None:
    machine.home.write_text("a file where a folder should be")
    assert f"can't be stored in {machine.home}" in machine.fetch().error


def test_progress_is_told_now_and_then_with_speed_and_time_left(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [100.0]
    monkeypatch.setattr("time.monotonic", lambda: now[0])
    told: list[Progress] = []
    meter = Meter("Qwen/tiny", 4_000_000_000, told.append)
    meter.found(1_000_000_000)
    for _ in range(10):
        now[0] += 1
        meter.received(100_000_000)
    assert [str(progress) for progress in told] == [
        "Qwen/tiny: 1.30 of 4.00 GB, 100.0 MB/s, 27 s left",
        "Qwen/tiny: 1.60 of 4.00 GB, 100.0 MB/s, 24 s left",
        "Qwen/tiny: 1.90 of 4.00 GB, 100.0 MB/s, 21 s left",
    ]
