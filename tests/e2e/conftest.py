"""One whole system for the tests that break nothing; those that do start their own."""

from collections.abc import Iterator

import pytest

from tests.e2e.stack import Stack, running_stack


@pytest.fixture(scope="session")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    with running_stack(tmp_path_factory.mktemp("stack"), PRODUCER__CORS_ORIGINS="https://app.example") as running:
        yield running
