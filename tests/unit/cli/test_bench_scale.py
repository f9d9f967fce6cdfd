"""`bench scale`: what its figures are made of. The whole of it is in tests/e2e/test_bench_scale.py."""

import pytest

from speechmill.cli.bench.scale.cost import Cost, median
from speechmill.cli.bench.scale.limit import Load, Reached
from speechmill.cli.bench.scale.simulated_worker import Kind


def reached(kind: Kind, redis_us: float) -> Reached:
    return Reached(Load(kind, 8, "always", 2), units_per_s=1_000, redis_core=0.2, redis_us=redis_us, script_us=100, command_us=20,
                   clients_core=1)


@pytest.mark.parametrize(("kind", "redis_us", "per_s", "gpus"), [
    ("segment", 200, 5_000, 100),  # 100,000 s of speech a second
    ("sentence", 500, 2_000, 10),
])
def test_where_one_redis_ends_follows_from_its_cpu_and_the_length_of_a_unit(
        kind: Kind, redis_us: float, per_s: float, gpus: float) -> None:
    found = reached(kind, redis_us)
    assert (found.most_per_s, found.gpus) == (per_s, gpus)


def test_a_round_in_which_the_machine_was_busy_does_not_move_the_median() -> None:
    calm, busy = Cost(100, 200, 500, 900, 29), Cost(900, 9_000, 9_000, 90_000, 29)
    assert median([calm, busy, calm]) == calm
