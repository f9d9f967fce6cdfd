"""Cores are counted as they may be used, not as they are built in."""

from pathlib import Path

import pytest

from speechmill.cli.cores import usable_cores


@pytest.mark.parametrize(("quota", "cores"), [("50000 100000", 1), ("250000 100000", 3), ("900000 100000", 8), ("max 100000", 8)])
def test_a_container_has_no_more_cores_than_its_share(
        quota: str, cores: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.sched_getaffinity", lambda _: set(range(8)), raising=False)
    (tmp_path / "cpu.max").write_text(f"{quota}\n")
    assert usable_cores(tmp_path / "cpu.max") == cores
    assert usable_cores(tmp_path / "none") == 8
