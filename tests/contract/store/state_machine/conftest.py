"""A Redis of the machine's own: it is emptied thousands of times, and nobody waits for its disk."""

from collections.abc import Iterator

import pytest
import redis

from tests.services.redis_server import running_redis

# So that a failed check shows both sides.
pytest.register_assert_rewrite(f"{__package__}.checks", f"{__package__}.driver")


@pytest.fixture(scope="session")
def quick_redis(tmp_path_factory: pytest.TempPathFactory) -> Iterator[redis.Redis]:
    with running_redis(tmp_path_factory.mktemp("quick-redis")) as server, server.client() as client:
        client.config_set("appendonly", "no")
        yield client
