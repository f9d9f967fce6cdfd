"""The machine can fail: it notices each of the broken scripts of mutants.py within the budget that it has in every run."""

import pytest
import redis
from hypothesis import Phase, settings
from hypothesis.stateful import run_state_machine_as_test

from speechmill.store.client import Policy
from tests.contract.store.state_machine.clocked_store import ClockedStore
from tests.contract.store.state_machine.machine import Machine
from tests.contract.store.state_machine.mutants import MUTANTS, Mutant
from tests.contract.store.state_machine.test_state_machine import EVERY_RUN

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]  # the whole budget is a minute on a core of its own

UNTIL_IT_FAILS = settings(EVERY_RUN, phases=[Phase.generate], print_blob=False)


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.name)
def test_a_broken_script_is_noticed(mutant: Mutant, quick_redis: redis.Redis) -> None:
    class OnBrokenScripts(Machine):
        def __init__(self) -> None:
            super().__init__(ClockedStore(quick_redis, Policy(), mutant.changes()))

    try:
        run_state_machine_as_test(OnBrokenScripts, settings=UNTIL_IT_FAILS)
    except (AssertionError, redis.ResponseError, TypeError):  # a wrong answer, an error in the script, an answer of another shape
        return
    pytest.fail("the machine went through its whole budget and noticed nothing")
