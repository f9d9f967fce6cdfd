"""docker-compose.yml and deploy/kubernetes: what they say fits the programs that they start."""

import base64
import re
from pathlib import Path
from typing import Any

import pytest
import yaml  # type: ignore[import-untyped]

from speechmill.settings import Settings, WorkerSettings, load_settings
from worker.__main__ import QUESTIONS

ROOT = Path(__file__).parents[2]
KUBERNETES = ROOT / "deploy" / "kubernetes"
ROLES = ("speech", "cpu")
GRACE_S = WorkerSettings().grace_s
PRODUCER_GRACE_S = 10
"""What uvicorn gives to calls that run (producer/__main__.py)."""


def documents(name: str) -> list[dict[str, Any]]:
    return list(yaml.safe_load_all((KUBERNETES / name).read_text("utf-8")))


def pods() -> dict[str, dict[str, Any]]:
    """The pod of each Deployment, by name."""
    found = (document for file in KUBERNETES.glob("*.yaml") for document in documents(file.name))
    return {document["metadata"]["name"]: document["spec"]["template"]["spec"]
            for document in found if document["kind"] == "Deployment"}


def container(pod: dict[str, Any]) -> dict[str, Any]:
    (only,) = pod["containers"]
    return dict(only)


WORKERS = {name: pod for name, pod in pods().items() if "args" in container(pod)}


def test_there_is_a_producer_and_workers_of_each_role() -> None:
    assert set(pods()) == {"producer", *WORKERS}
    assert {tuple(container(pod)["args"]) for pod in WORKERS.values()} == {(role,) for role in ROLES}


def test_a_worker_is_killed_only_after_it_could_give_back_what_it_holds() -> None:
    services = yaml.safe_load((ROOT / "docker-compose.yml").read_text("utf-8"))["services"]
    patience = {name: float(service["stop_grace_period"].removesuffix("s")) for name, service in services.items()
                if service.get("command") in (["speech"], ["cpu"])}
    patience |= {name: pod["terminationGracePeriodSeconds"] for name, pod in WORKERS.items()}
    assert set(patience) == {"cpu", "speech", "speech-gpu"}
    assert min(patience.values()) >= GRACE_S + 10


def test_a_producer_leaves_its_service_before_it_stops_and_has_time_for_calls_that_run() -> None:
    pod = pods()["producer"]
    command, seconds = container(pod)["lifecycle"]["preStop"]["exec"]["command"]
    assert command == "sleep"
    assert pod["terminationGracePeriodSeconds"] >= float(seconds) + PRODUCER_GRACE_S + 10


@pytest.mark.parametrize("name", WORKERS)
def test_a_worker_is_asked_what_it_can_answer(name: str) -> None:
    probes = {kind: container(WORKERS[name])[f"{kind}Probe"]["exec"]["command"] for kind in ("startup", "readiness", "liveness")}
    assert probes == {"startup": ["python", "-m", "worker", "ready"], "readiness": ["python", "-m", "worker", "ready"],
                      "liveness": ["python", "-m", "worker", "health"]}
    assert set(QUESTIONS) == {"ready", "health"}


@pytest.mark.parametrize("name", pods())
def test_the_programs_accept_their_settings(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    (shared,) = documents("configuration.yaml")
    pod = pods()[name]
    for variable, value in shared["data"].items():
        monkeypatch.setenv(variable, value)
    for entry in container(pod).get("env", []):
        monkeypatch.setenv(entry["name"], entry["value"])
    settings: Settings = load_settings()
    assert settings.blobs.kind == "s3"
    # With links, a service named speechmill-… would give each pod variables that load_settings refuses.
    assert pod["enableServiceLinks"] is False


def test_the_secrets_that_are_asked_for_are_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    asked_for = re.findall(r"^# +(SPEECHMILL_\w+)=(\S+)$", (KUBERNETES / "kustomization.yaml").read_text("utf-8"), re.MULTILINE)
    assert len(asked_for) == 5
    for variable, value in asked_for:
        monkeypatch.setenv(variable, value.replace("whsec_…", "whsec_" + base64.b64encode(bytes(32)).decode()))
    load_settings()


def test_every_file_is_applied_and_every_image_is_named() -> None:
    (kustomization,) = documents("kustomization.yaml")
    assert {*kustomization["resources"], "kustomization.yaml"} == {file.name for file in KUBERNETES.iterdir()}
    assert {image["name"] for image in kustomization["images"]} == {container(pod)["image"] for pod in pods().values()}
