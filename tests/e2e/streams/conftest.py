"""A whole system whose voice takes its time, for all streams that break no worker."""

from collections.abc import Iterator

import pytest

from tests.e2e.stack import Stack, running_stack

KEPT_BYTES = 1_000_000
"""A segment of pcm, which the test voice makes in an instant, and not two."""


@pytest.fixture(scope="package")
def mill(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    with running_stack(tmp_path_factory.mktemp("mill"), workers=False, WORKER__LEASE_S="30", PRODUCER__ABANDON_AFTER_S="0.2",
                       STREAMS__KEPT_BYTES=f"{KEPT_BYTES}") as stack:
        stack.start("cpu", "worker", "cpu")
        stack.start("speech", "tests.e2e.paced_worker", "speech", WORKER__SPEECH_SLOTS="2")
        stack.wait_ready()
        yield stack
