"""One cluster for all tests here: each mends what it broke."""

from collections.abc import Iterator

import pytest

from tests.hosts.cluster import Cluster, running_cluster


@pytest.fixture(scope="session")
def booted(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    with running_cluster(tmp_path_factory.mktemp("hosts")) as cluster:
        yield cluster


@pytest.fixture
def cluster(booted: Cluster) -> Cluster:
    """Whole, whatever the test before has left."""
    booted.mend()
    return booted
