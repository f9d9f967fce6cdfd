"""What a worker holds, and how it lets go of it."""

from pathlib import Path

import pytest

from speechmill.job import Phase, Unit
from speechmill.settings import Settings
from speechmill.store.client import Store
from speechmill.store.verbs import WorkerFigures
from worker.leases import Leases, Stopped


@pytest.fixture
def leases(tmp_path: Path) -> Leases:
    """Of a worker whose heart does not beat: Redis is not asked."""
    return Leases(Store.open(Settings()), "worker_1", lease_s=30, reply_s=5, alive=tmp_path / "alive", well=lambda: True,
                  figures=lambda: WorkerFigures("speech", {}), on_unknown=lambda: None)


def unit(name: str) -> Unit:
    return Unit(ref=f"job/{name}", job_id="job", token=1, attempt=1, queue="speech:tone:batch", tenant="local", model="tone",
                phase=Phase.SPEAK, characters=10, spec={}, request_id="")


def test_all_that_is_held_is_stopped(leases: Leases) -> None:
    with leases.holding(unit("1")) as first, leases.holding(unit("2")) as second:
        first.check()
        leases.stop_all()
        assert first.stopped
        assert second.stopped


def test_a_unit_whose_claim_was_on_its_way_when_all_were_stopped_is_stopped_too(leases: Leases) -> None:
    leases.stop_all()
    with leases.holding(unit("1")) as late, pytest.raises(Stopped):
        late.check()
