"""The schedule of a chaos run: drawn from a seed alone, everything once a minute, no target broken twice at once."""

from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from speechmill.cli.chaos.schedule import LEASE_S, SORTS, Kind, Planned, count, schedule

SEEDS = st.integers(0, 2**32)


def by_target(planned: tuple[Planned, ...]) -> dict[str, list[Planned]]:
    return {target: [fault for fault in planned if fault.target == target] for target in {fault.target for fault in planned}}


def test_a_seed_gives_the_same_faults_at_the_same_moments_each_time() -> None:
    assert schedule(7, 300) == schedule(7, 300)
    assert schedule(7, 300) != schedule(8, 300)


@given(SEEDS, st.floats(5, 400))
@settings(max_examples=50, deadline=None)
def test_all_faults_have_ended_when_the_time_is_over_and_come_in_order(seed: int, seconds: float) -> None:
    planned = schedule(seed, seconds)
    assert all(fault.at_s > 0 and fault.ends_s <= seconds for fault in planned)
    assert all(one.at_s <= other.at_s for one, other in pairwise(planned))


@given(SEEDS)
@settings(max_examples=50, deadline=None)
def test_a_target_is_whole_again_before_it_is_broken_again(seed: int) -> None:
    for faults in by_target(schedule(seed, 300)).values():
        assert all(one.ends_s < other.at_s for one, other in pairwise(faults))


@given(SEEDS)
@settings(max_examples=50, deadline=None)
def test_faults_hit_what_they_are_made_for_and_freezes_outlast_leases(seed: int) -> None:
    for fault in schedule(seed, 300):
        assert fault.target in SORTS[fault.kind].targets
        if fault.kind in (Kind.FREEZE_SPEECH, Kind.FREEZE_CPU):
            assert fault.lasts_s > LEASE_S


@given(SEEDS)
@settings(max_examples=50, deadline=None)
def test_each_kind_comes_once_a_minute(seed: int) -> None:
    assert all(4 <= times <= 5 for times in count(schedule(seed, 300)).values())


@pytest.mark.parametrize("seconds", [5, 10, 30])
def test_a_short_run_has_some_of_the_faults(seconds: float) -> None:
    assert 1 <= len(schedule(3, seconds)) < len(Kind)
