"""What may be loaded where, asserted in processes of their own: a linter sees imports, not what they drag in."""

import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

PYPROJECT = Path(__file__).parents[2] / "pyproject.toml"
HEAVY = ("torch", "numpy", "safetensors", "soundfile", "samplerate", "transformers")


def loaded_by(statement: str) -> set[str]:
    code = f"{statement}\nimport sys\nprint(' '.join(name.partition('.')[0] for name in sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return set(done.stdout.split())


@pytest.mark.parametrize("module", [
    "producer.app", "speechmill.store.client", "speechmill.request", "speechmill.view", "speechmill.webhook",
    "speechmill.cli.main", "speechmill.blobs.choose", "speechmill.blobs.s3"])
def test_the_shared_package_and_the_producer_load_no_torch_and_no_audio_code(module: str) -> None:
    assert loaded_by(f"import {module}").isdisjoint(HEAVY)


@pytest.mark.parametrize("module", ["speechmill.request", "speechmill.store.client", "speechmill.cli.main", "worker.app"])
def test_only_the_producer_loads_fastapi(module: str) -> None:
    assert "fastapi" not in loaded_by(f"import {module}")


def test_objects_in_a_folder_do_not_load_boto3() -> None:
    assert "boto3" not in loaded_by("import speechmill.blobs.choose")


def test_a_worker_loads_no_torch_unless_its_voice_needs_it() -> None:
    assert "torch" not in loaded_by("import worker.app")


@pytest.mark.parametrize("module", [
    "worker.engine.process", "worker.engine.build", "worker.model.network", "worker.reference.speaker", "worker.bench.__main__"])
def test_the_engine_loads_nothing_of_jobs_queues_and_storage(module: str) -> None:
    assert loaded_by(f"import {module}").isdisjoint({"speechmill", "celery", "redis", "boto3", "fastapi"})


def test_what_the_linter_keeps_from_importing_torch_does_not_load_it_either() -> None:
    modules, forbidden = linted("What decides and what talks to the engine needs no torch")
    # In one process, one after the other: the first after which something unwanted is there is named.
    code = ("import importlib, sys\n"
            f"for module in {modules!r}:\n"
            "    importlib.import_module(module)\n"
            f"    loaded = set({forbidden!r}) & set(sys.modules)\n"
            "    assert not loaded, f'{module} loads {loaded}'")
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def linted(contract: str) -> tuple[list[str], list[str]]:
    """Source and forbidden modules of a contract of the linter's."""
    contracts = tomllib.loads(PYPROJECT.read_text("utf-8"))["tool"]["importlinter"]["contracts"]
    found = next(each for each in contracts if each["name"] == contract)
    return found["source_modules"], found["forbidden_modules"]
