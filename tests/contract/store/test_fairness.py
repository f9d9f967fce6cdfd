"""CLAIM shares the workers between tenants by weight, and between a tenant's jobs without one holding up the others."""

from collections import Counter

from speechmill.job import JobClass, Phase
from speechmill.store import verbs
from speechmill.tasks import KEY_PREFIX
from tests.contract.store.conftest import Mill

SPEECH = "speech:tone:batch"


def test_a_tenants_jobs_of_one_segment_are_claimed_in_order(mill: Mill) -> None:
    ids = [mill.submit(characters=size).job_id for size in (280, 10, 150, 30)]
    assert [mill.claim().job_id for _ in ids] == ids


def test_a_newcomer_is_claimed_first_behind_another_tenants_book(mill: Mill) -> None:
    mill.plan([280] * 5000, tenant="author")
    for _ in range(50):
        mill.claim(SPEECH)
    newcomer = mill.submit(tenant="newcomer").job_id
    assert newcomer in (mill.claim(SPEECH).job_id, mill.claim(SPEECH).job_id)


def test_a_long_job_does_not_block_the_next_sentence_of_the_same_tenant(mill: Mill) -> None:
    mill.plan([280] * 1000)
    for _ in range(20):
        mill.claim(SPEECH)
    sentence = mill.submit().job_id
    assert sentence in [mill.claim(SPEECH).job_id for _ in range(3)]


def test_a_stream_of_newcomers_does_not_starve_a_long_job(mill: Mill) -> None:
    long = mill.plan([280] * 100)
    claimed: Counter[str] = Counter()
    for _ in range(100):
        mill.submit(characters=20)
        claimed[mill.claim(SPEECH).job_id] += 1
    assert claimed[long] >= 5


def test_two_tenants_share_by_characters_not_by_jobs(mill: Mill) -> None:
    mill.plan([200] * 100, tenant="long")
    for _ in range(200):
        mill.submit(tenant="short", characters=50)
    cost: Counter[str] = Counter()
    for _ in range(100):
        unit = mill.claim(SPEECH)
        cost[unit.tenant] += unit.characters
    assert 0.8 < cost["long"] / cost["short"] < 1.25


def test_a_tenants_share_follows_its_weight(mill: Mill) -> None:
    mill.store.redis.hset(KEY_PREFIX + "weights", "gold", 3)
    mill.plan([100] * 200, tenant="gold")
    mill.plan([100] * 200, tenant="tin")
    share = Counter(mill.claim(SPEECH).tenant for _ in range(120))
    assert 85 <= share["gold"] <= 95


def test_a_tenant_that_empties_its_queue_does_not_come_back_as_a_newcomer(mill: Mill) -> None:
    mill.plan([100] * 100, tenant="steady")
    claimed: Counter[str] = Counter()
    for _ in range(60):
        mill.submit(tenant="greedy", characters=100)
        claimed[mill.claim(SPEECH).tenant] += 1
    assert 25 <= claimed["greedy"] <= 35


def test_queues_are_tried_in_the_order_given(mill: Mill) -> None:
    mill.submit()
    urgent = mill.submit(klass=JobClass.INTERACTIVE).job_id
    assert mill.claim("speech:tone:interactive", SPEECH).job_id == urgent


def test_a_job_of_twenty_thousand_segments_costs_one_ring_entry(mill: Mill) -> None:
    job_id = mill.plan([250] * 20_000)
    assert mill.counts("depth") == {SPEECH: 20_000}
    assert mill.store.redis.zcard(KEY_PREFIX + "ring:" + SPEECH + ":local") == 1
    unit = mill.claim(SPEECH)
    assert (unit.job_id, unit.segment, unit.plan_offset, unit.plan_bytes, unit.characters) == (job_id, 0, 0, 10, 250)
    last = mill.store.redis.memory_usage(KEY_PREFIX + "index:" + job_id)
    assert last is not None
    assert last < 200_000


def test_counters_equal_what_they_count_and_end_at_nothing(mill: Mill) -> None:
    mill.plan([100, 200, 250])
    mill.submit(phase=Phase.PLAN, characters=1000)
    assert mill.counts("depth") == {SPEECH: 3, "cpu:batch": 1}
    assert mill.counts("backlog") == {SPEECH: 550, "cpu:batch": 1000}
    for _ in range(3):
        mill.spoken(mill.claim(SPEECH))
    plan, finish = mill.claim("cpu:batch"), mill.claim("cpu:batch")
    assert {plan.phase, finish.phase} == {Phase.PLAN, Phase.FINISH}
    assert mill.counts("depth") == mill.counts("backlog") == {}
    assert mill.counts("leased") == {"cpu:batch": 2}
    for unit in (plan, finish):
        mill.store.run(verbs.cancel(unit.job_id, "local"))
        mill.store.run(verbs.released(unit))
    assert mill.counts("leased") == {}
