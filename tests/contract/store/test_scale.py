"""A job of twenty thousand segments holds up nobody, and a worker may hold thousands of leases."""

import pytest

from speechmill.job import JobClass
from speechmill.store import verbs
from speechmill.tasks import KEY_PREFIX
from tests.contract.store.conftest import ALL, Mill

SPEECH = "speech:tone:batch"
SEGMENTS = 20_000


@pytest.mark.parametrize("served", [1, 50])
def test_a_sentence_behind_another_tenants_twenty_thousand_segments_is_claimed_next(mill: Mill, served: int) -> None:
    mill.plan([250] * SEGMENTS, tenant="author")
    for _ in range(served):
        mill.spoken(mill.claim(SPEECH))
    sentence = mill.submit(tenant="somebody else").job_id
    assert mill.claim(*ALL).job_id == sentence


def test_it_is_claimed_second_at_the_latest_where_the_book_has_not_begun_either(mill: Mill) -> None:
    mill.plan([250] * SEGMENTS, tenant="author")
    sentence = mill.submit(tenant="somebody else").job_id
    assert sentence in (mill.claim(*ALL).job_id, mill.claim(*ALL).job_id)


def test_a_sentence_that_somebody_waits_for_is_claimed_before_the_same_tenants_book(mill: Mill) -> None:
    mill.plan([250] * SEGMENTS)
    mill.claim(SPEECH)
    sentence = mill.submit(klass=JobClass.INTERACTIVE).job_id
    assert mill.claim(*ALL).job_id == sentence


def test_the_last_of_twenty_thousand_segments_is_claimed_like_the_first(mill: Mill) -> None:
    """Only its place in the packed index differs; with the cursor there, what was before it need not be spoken."""
    job_id = mill.plan([250] * (SEGMENTS - 1) + [17])
    mill.store.redis.hset(f"{KEY_PREFIX}job:{job_id}", "cursor", SEGMENTS - 1)
    last = mill.claim(SPEECH)
    assert (last.segment, last.plan_offset, last.characters) == (SEGMENTS - 1, 10 * (SEGMENTS - 1), 17)


def test_a_beat_renews_each_of_more_leases_than_one_command_takes(mill: Mill) -> None:
    mill.plan([100] * 1_100)
    held = [mill.claim(SPEECH) for _ in range(1_100)]
    mill.let_leases_end(*held)
    assert mill.beat(*held) == ()
    assert mill.store.redis.zcount(KEY_PREFIX + "leases", "-inf", held[0].claimed_ms) == 0
    assert mill.sweep().crashed == 0


def test_a_beat_may_name_ten_thousand_units(mill: Mill) -> None:
    strangers = [(f"speech_gone/{n}", n) for n in range(10_000)]
    lost = mill.store.run(verbs.beat("w1", strangers, 60_000))[1]
    assert lost == tuple(ref for ref, _ in strangers)
