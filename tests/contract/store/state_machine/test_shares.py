"""Over a long backlog each tenant is served by its weight, in characters, whatever comes and goes meanwhile."""

from dataclasses import dataclass

import redis
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from speechmill.job import JobClass, Phase
from speechmill.request import SpeechSpec
from speechmill.store import verbs
from speechmill.store.client import Policy
from speechmill.store.verbs import Submission
from tests.contract.store.state_machine.clocked_store import ClockedStore
from tests.contract.store.state_machine.driver import Driver
from tests.contract.store.state_machine.model.jobs import Cut

TENANTS = ("ada", "ben", "cyd")
QUEUE = "speech:tone:batch"
N_CLAIMS = 240
SPEC = SpeechSpec(model="tone", voice="low", language="en", klass=JobClass.BATCH)


@dataclass(frozen=True)
class Load:
    """One tenant's: books, each of segments of these sizes over and over, and now and then a sentence."""

    weight: int
    n_books: int
    sizes: tuple[int, ...]
    sentence_every: int      # claims; 0: never


loads = st.builds(Load, st.integers(1, 5), st.integers(1, 3), st.lists(st.integers(20, 280), min_size=1, max_size=5).map(tuple),
                  st.sampled_from((0, 1, 3, 10)))


def submit(driver: Driver, job_id: str, tenant: str, phase: Phase, characters: int) -> None:
    driver.submit(Submission(
        job_id=job_id, tenant=tenant, spec=SPEC, phase=phase, characters=characters, text="Hello.", input_key="",
        request_id="req", fingerprint=job_id))


def submit_books(driver: Driver, tenant: str, load: Load) -> None:
    """With more to speak than all claims could serve."""
    for n in range(load.n_books):
        segments = [load.sizes[i % len(load.sizes)] for i in range(N_CLAIMS)]
        submit(driver, f"speech_{tenant}{n}", tenant, Phase.PLAN, sum(segments))
        plan = driver.claim("w1", ["cpu:batch"])
        assert plan
        driver.finish(plan, Cut(tuple(segments)))


@given(st.tuples(*[loads] * len(TENANTS)), st.sets(st.integers(0, N_CLAIMS - 1), max_size=40))
@settings(derandomize=True, max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture,
                                                                                  HealthCheck.too_slow])
def test_what_a_tenant_is_served_follows_its_weight(
        quick_redis: redis.Redis, tenants: tuple[Load, ...], given_back: set[int]) -> None:
    """Each claim is checked against the bound of shares.py; at the end the shares themselves are. A unit that is given back has
    been served all the same."""
    weights = {tenant: load.weight for tenant, load in zip(TENANTS, tenants, strict=True)}
    driver = Driver(ClockedStore(quick_redis, Policy()), weights)
    for tenant, load in zip(TENANTS, tenants, strict=True):
        submit_books(driver, tenant, load)
    served = dict.fromkeys(TENANTS, 0)
    for n in range(N_CLAIMS):
        for tenant, load in zip(TENANTS, tenants, strict=True):
            if load.sentence_every and n % load.sentence_every == 0:
                submit(driver, f"speech_{tenant}x{n:04d}", tenant, Phase.WHOLE, 50)
        unit = driver.claim("w1", [QUEUE])
        assert unit
        served[unit.tenant] += unit.characters
        if n in given_back:
            driver.release(unit)
        else:
            driver.finish(unit)
    total, weight = sum(served.values()), sum(weights.values())
    for tenant in TENANTS:
        fair = total * weights[tenant] / weight
        assert abs(served[tenant] - fair) <= 280 * len(TENANTS), (served, weights)


@given(st.lists(st.tuples(st.sampled_from(TENANTS), st.integers(1, 280)), min_size=1, max_size=40))
@settings(derandomize=True, max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_tenants_sentences_are_claimed_in_the_order_they_came(
        quick_redis: redis.Redis, sentences: list[tuple[str, int]]) -> None:
    driver = Driver(ClockedStore(quick_redis, Policy()), dict.fromkeys(TENANTS, 1))
    came: dict[str, list[str]] = {tenant: [] for tenant in TENANTS}
    for n, (tenant, characters) in enumerate(sentences):
        submit(driver, f"speech_{n:06d}", tenant, Phase.WHOLE, characters)
        came[tenant].append(f"speech_{n:06d}")
    claimed: dict[str, list[str]] = {tenant: [] for tenant in TENANTS}
    while unit := driver.claim("w1", [QUEUE]):
        claimed[unit.tenant].append(unit.job_id)
        driver.finish(unit)
    assert claimed == came
    assert driver.store.run(verbs.claim("w1", [QUEUE])) is None
