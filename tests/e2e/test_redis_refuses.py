"""Workers that start while Redis refuses what they have to tell it: they wait, with their model warm."""

import time

import pytest

from tests.e2e.stack import running_stack


def test_a_worker_that_is_ready_while_redis_is_full_waits_and_then_speaks(tmp_path_factory: pytest.TempPathFactory) -> None:
    with running_stack(tmp_path_factory.mktemp("full_at_start"), workers=False) as stack:
        with stack.redis.client() as client:
            client.config_set("maxmemory", 1)
            workers = [stack.start("speech", "worker", "speech"), stack.start("cpu", "worker", "cpu")]
            deadline = time.monotonic() + 60
            # The cpu worker has no model to publish, and what it says of itself takes no room.
            while "waiting for Redis" not in (stack.folder / "speech.log").read_text():
                assert time.monotonic() < deadline, stack.logs()
                time.sleep(0.1)
            assert all(worker.running for worker in workers), stack.logs()
            client.config_set("maxmemory", 0)
        stack.wait_ready()
        assert stack.wait(stack.create("Room at last.")["id"])["status"] == "completed"
        assert all(worker.running for worker in workers)
