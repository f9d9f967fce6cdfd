"""DNS rebinding, with the system's own resolver, a name server of ours that changes its answers, and the settings as they are by
default. All of it happens in a network of its own, where an address of the public internet is this machine's, too."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

IN_A_MACHINE_OF_ITS_OWN = ("unshare", "--mount", "--net", "--")
AS_ITS_ROOT = ("unshare", "--user", "--map-root-user", "--mount", "--net", "--")
REFUSED = "webhook.url must lead to public addresses, and not all addresses of hooks.example.com are"


@pytest.fixture(scope="module")
def happened(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, Any]]:
    command = (sys.executable, "-m", "tests.contract.rebound_names", str(tmp_path_factory.mktemp("rebound")))
    done = subprocess.run((*_into(), *command), capture_output=True, text=True, timeout=120, cwd=Path(__file__).parents[2])
    assert done.returncode == 0, done.stderr
    scenes: dict[str, dict[str, Any]] = json.loads(done.stdout)
    return scenes


def _into() -> tuple[str, ...]:
    """Whoever may make user namespaces needs no rights; where they are forbidden, root does without."""
    allowed = subprocess.run((*AS_ITS_ROOT, "true"), capture_output=True, check=False).returncode == 0
    return AS_ITS_ROOT if allowed or os.geteuid() != 0 else IN_A_MACHINE_OF_ITS_OWN


def knocked(happened: dict[str, dict[str, Any]], scene: str) -> tuple[int, int]:
    """Connections to the public receiver, and to loopback."""
    counts = happened[scene]["knocked"]
    return counts["public"], counts["loopback"] + counts["loopback6"]


def test_a_name_that_stays_public_is_asked_for_at_each_try_and_delivered_to(happened: dict[str, dict[str, Any]]) -> None:
    scene = happened["stays public"]
    assert scene["said"] == ["accepted", "delivered", "delivered"]
    assert scene["asked"] == 3
    assert knocked(happened, "stays public") == (2, 0)


def test_the_address_that_was_checked_is_the_one_that_is_dialled(happened: dict[str, dict[str, Any]]) -> None:
    """The name leads inside from the moment on that it was checked."""
    assert happened["turns while it is posted"]["said"] == ["delivered"]
    assert happened["turns while it is posted"]["asked"] == 1
    assert knocked(happened, "turns while it is posted") == (1, 0)


@pytest.mark.parametrize(("scene", "said", "public"), [
    ("turns between two tries", ["delivered", REFUSED, REFUSED], 1),
    ("turns after it was accepted", ["accepted", REFUSED], 0),
    ("turns and turns back", ["delivered", REFUSED, "delivered"], 2),
    ("leads to both", [REFUSED, REFUSED], 0),
    ("leads to IPv6 loopback beside", [REFUSED, REFUSED], 0),
    ("leads to a mapped address", [REFUSED, REFUSED], 0),
    ("leads through NAT64", [REFUSED, REFUSED], 0),
    ("leads through 6to4", [REFUSED, REFUSED], 0),
    ("leads to this host", [REFUSED, REFUSED], 0),
    ("leads to a cloud's metadata", [REFUSED, REFUSED], 0),
    ("leads nowhere", ["accepted", "The host name does not resolve."], 0),
])
def test_a_name_that_leads_inside_reaches_nobody(happened: dict[str, dict[str, Any]], scene: str, said: list[str],
                                                 public: int) -> None:
    assert [each.partition(". For")[0] for each in happened[scene]["said"]] == said
    assert knocked(happened, scene) == (public, 0)
