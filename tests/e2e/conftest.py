"""One whole system for the tests that break nothing; those that do start their own."""

from collections.abc import Iterator

import pytest

from tests.e2e.stack import Stack, running_stack


@pytest.fixture(scope="session")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    # Nobody kills its workers, so leases may be long: a starved one must not lose its units, and have them counted twice.
    with running_stack(tmp_path_factory.mktemp("stack"), PRODUCER__CORS_ORIGINS="https://app.example",
                       WORKER__LEASE_S="10") as running:
        yield running
