"""A disk is full: scratch or objects. A clear error, nothing half-written, no job lost, and all goes on when there is room."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.e2e.stack import Stack, running_stack
from tests.e2e.worker_process import counted, ready_workers, until
from tests.services.small_disk import MIB, SmallDisk, small_disk

LEASE_S = "10"
"""Nobody dies here; a worker that is starved for a moment must not be taken for one that did."""
LONG = " ".join(f"Sentence {n} of a text whose sound needs more room than there is." for n in range(60))


@contextmanager
def stack_with_small_scratch(folder: Path) -> Iterator[tuple[Stack, SmallDisk]]:
    """Its one cpu worker has little room to make files in."""
    with (small_disk(folder / "small", 32 * MIB) as disk,
          running_stack(folder / "stack", workers=False, WORKER__LEASE_S=LEASE_S) as stack):
        stack.start("speech", "worker", "speech")
        stack.start("cpu", *disk.python("worker", "cpu"), WORKER__SCRATCH=str(disk.folder))
        stack.wait_ready()
        yield stack, disk


def is_ready(disk: SmallDisk, stack: Stack) -> bool:
    """As an orchestrator asks."""
    return answers(disk, stack, "ready")


def answers(disk: SmallDisk, stack: Stack, question: str) -> bool:
    asked = subprocess.run([sys.executable, "-m", *disk.python("worker", question)], check=False,
                           env={**os.environ, **stack.environment, "SPEECHMILL_WORKER__SCRATCH": str(disk.folder)})
    return asked.returncode == 0


def test_a_worker_whose_scratch_disk_is_full_says_so_and_another_does_its_work(
        tmp_path_factory: pytest.TempPathFactory) -> None:
    with stack_with_small_scratch(tmp_path_factory.mktemp("scratch")) as (stack, disk):
        assert is_ready(disk, stack)
        disk.fill()
        job = stack.create(LONG, response_format="wav")
        log = stack.folder / "cpu.log"
        until(lambda: "is full; this worker takes nothing until there is room" in log.read_text(), stack.logs())
        assert "SPEECHMILL_WORKER__SCRATCH" in log.read_text()
        until(lambda: not is_ready(disk, stack), "it still takes units")
        assert answers(disk, stack, "health")
        assert stack.metric("speech_workers", role="cpu", state="full") == 1
        # What it tries now and then is there for a moment.
        until(lambda: not [name for name in disk.files() if "worker" not in name], "a half-written file was left behind")
        assert stack.job(job["id"])["status"] == "in_progress"

        stack.start("another", "worker", "cpu")
        done = stack.wait(job["id"])
        assert (done["status"], done["error"]) == ("completed", None)
        assert (counted(stack, "units:crashed"), counted(stack, "units:failed")) == (0, 0)
        assert len(stack.audio(job["id"])) == done["output"]["bytes"]


def test_a_worker_works_on_when_there_is_room_in_its_scratch_folder_again(tmp_path_factory: pytest.TempPathFactory) -> None:
    with stack_with_small_scratch(tmp_path_factory.mktemp("scratch")) as (stack, disk):
        disk.fill()
        jobs = [stack.create(f"{n} {LONG}", response_format=format)["id"] for n, format in enumerate(("wav", "mp3", "flac"))]
        until(lambda: not is_ready(disk, stack), stack.logs())
        disk.free()
        for job_id in jobs:
            assert stack.wait(job_id)["status"] == "completed"
        assert is_ready(disk, stack)
        # A write that failed just before there was room again may have cost its unit a try; the others go back uncharged.
        assert counted(stack, "units:crashed") == 0
        assert len(ready_workers(stack)) == 2


def test_with_the_disk_of_the_objects_full_large_inputs_are_refused_and_no_job_is_lost(
        tmp_path_factory: pytest.TempPathFactory) -> None:
    folder = tmp_path_factory.mktemp("objects")
    with (running_stack(folder / "stack", workers=False, WORKER__LEASE_S=LEASE_S) as stack,
          small_disk(folder / "stack/objects", 4 * MIB) as disk):
        stack.programs["producer"].stop()
        stack.start("producer", *disk.python("producer"))
        stack.wait_serving()
        stack.start("speech", *disk.python("worker", "speech"))
        stack.start("cpu", *disk.python("worker", "cpu"))
        stack.wait_ready()
        before = stack.wait(stack.create("Before.")["id"])
        disk.fill()
        objects = disk.files()

        with stack.http as http:
            answer = http.post("/v1/audio/speech/jobs", json={"input": LONG * 20})
            assert (answer.status_code, answer.json()["error"]["code"]) == (503, "storage_unavailable")
            assert "is full" in answer.json()["error"]["message"]
            assert http.get("/readyz").status_code == 503
        job = stack.create("A small one is accepted.", response_format="wav")
        until(lambda: "keeping the result" in (stack.folder / "speech.log").read_text(), stack.logs())
        # It goes on trying, and each try is there for a moment.
        until(lambda: disk.files() == objects, "something half-written is there")
        assert len(stack.audio(before["id"])) == before["output"]["bytes"]

        disk.free()
        done = stack.wait(job["id"])
        assert done["status"] == "completed"
        assert len(stack.audio(job["id"])) == done["output"]["bytes"]
        assert (counted(stack, "units:crashed"), counted(stack, "units:failed")) == (0, 0)
