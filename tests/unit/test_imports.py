"""What may be loaded where, asserted in processes of their own: a linter sees imports, not what they drag in."""

import subprocess
import sys

import pytest

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
