"""The job store's scripts do what the model says, whatever is done to them in whatever order.

To replay a failure, put the `@reproduce_failure(…)` that is printed above `class OnRedis`.
"""

import pytest
import redis
from hypothesis import HealthCheck, settings
from hypothesis.stateful import run_state_machine_as_test

from speechmill.store.client import Policy
from tests.contract.store.state_machine.clocked_store import ClockedStore
from tests.contract.store.state_machine.machine import Machine

EVERY_RUN = settings(derandomize=True, max_examples=120, stateful_step_count=70, deadline=None, print_blob=True,
                     report_multiple_bugs=False,
                     suppress_health_check=list(HealthCheck))
LONG_RUN = settings(EVERY_RUN, derandomize=False, max_examples=1_000, stateful_step_count=120)


@pytest.mark.timeout(600)  # a failure is made small for up to five minutes
def test_any_interleaving_of_verbs_time_and_lost_replies_keeps_the_store_as_the_model(quick_redis: redis.Redis) -> None:
    """The same interleavings in every run."""
    class OnRedis(Machine):
        def __init__(self) -> None:
            super().__init__(ClockedStore(quick_redis, Policy()))

    run_state_machine_as_test(OnRedis, settings=EVERY_RUN)


@pytest.mark.slow
@pytest.mark.timeout(3600)
def test_thousands_of_other_interleavings_do_too(quick_redis: redis.Redis) -> None:
    """Others in every run, longer ones."""
    class OnRedis(Machine):
        def __init__(self) -> None:
            super().__init__(ClockedStore(quick_redis, Policy()))

    run_state_machine_as_test(OnRedis, settings=LONG_RUN)
