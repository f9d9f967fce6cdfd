"""Everything that clients, workers, time and a bad network can do to the job store, in any order.

Each step is one act (acts/), on the real scripts and on the model. After it the store must hold what the model holds
(checks/agreement.py) and keep what must always hold (checks/invariants.py). At the end healthy workers finish what is left.
"""

from hypothesis import note
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from tests.contract.store.state_machine.acts import books, clients, workers, world
from tests.contract.store.state_machine.acts.act import ACTS, perform
from tests.contract.store.state_machine.acts.scene import EVERY_QUEUE, TENANTS, Draw, Scene
from tests.contract.store.state_machine.clocked_store import ClockedStore
from tests.contract.store.state_machine.driver import WORKERS, Driver

KINDS = (clients, workers, books, world)
"""Whose acts may happen."""

NEEDED = {clients.a_client_submits.__name__, workers.a_worker_claims.__name__}
OTHERS = sorted({one.name for one in ACTS} - NEEDED)


class Machine(RuleBasedStateMachine):
    """`store` must be empty."""

    def __init__(self, store: ClockedStore) -> None:
        super().__init__()
        self.store = store

    @initialize(weights=st.tuples(*[st.integers(1, 4)] * len(TENANTS)), absent=st.sets(st.sampled_from(OTHERS), max_size=8))
    def begin(self, weights: tuple[int, ...], absent: set[str]) -> None:
        """`absent`: what does not happen in this run, so that other things happen more."""
        self.scene = Scene(Driver(self.store, dict(zip(TENANTS, weights, strict=True)), note))
        self.absent = absent

    @rule(data=st.data())
    def step(self, data: Draw) -> None:
        perform(self.scene, data, self.absent)

    @invariant()
    def store_and_model_agree(self) -> None:
        self.scene.driver.check()

    def teardown(self) -> None:
        """Every accepted job reaches an end once somebody healthy works."""
        if not hasattr(self, "scene"):
            return
        driver = self.scene.driver
        driver.let_leases_end(*WORKERS)
        self.scene.do_all("healthy", EVERY_QUEUE)
        driver.check_that_nothing_is_left()
        for job in driver.model.jobs.values():
            driver.look(job)
