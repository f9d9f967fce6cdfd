"""A job store on a real Redis beside each of the object stores, and what lies in them."""

import os
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
import redis

from speechmill.blobs.keeping import Keeping
from speechmill.blobs.seam import ROOT, Blobs
from speechmill.job import Output
from speechmill.store.client import Policy, Store
from speechmill.tasks import KEY_PREFIX
from tests.contract.store.conftest import OUTPUT, Mill
from tests.contract.stores import STORES, Clock, folder_store, s3_store
from worker.reaper.reaper import Reaper
from worker.reaper.terms import Terms

YEAR = Keeping(365 * 86_400)
PATIENT = Terms({"segments": YEAR, "references": YEAR}, orphans_s=86_400, round_s=3600, lists_a_minute=600_000,
                deletes_a_minute=60_000_000)
"""Under these nothing that a test makes is old."""
AT_ONCE = replace(PATIENT, shared=dict.fromkeys(PATIENT.shared, Keeping(0.8)), orphans_s=1)
"""Under these all is old that was there before `Yard.let_age`."""


@dataclass
class Yard:
    """Jobs and objects. `let_age` makes all objects that are there older than AT_ONCE asks for."""

    mill: Mill
    blobs: Blobs
    let_age: Callable[[], None]

    @property
    def store(self) -> Store:
        return self.mill.store

    def put(self, *keys: str) -> None:
        for key in keys:
            self.blobs.put(key, key.encode(), "text/plain")

    def keys(self) -> list[str]:
        """Of all objects."""
        return [found.key for found in self.blobs.page(ROOT).objects]

    def reap(self, terms: Terms, turns: int = 1) -> None:
        """Whole turns, one at once after the other."""
        for _ in range(turns):
            self.skip_the_pause()
            Reaper(self.store, self.blobs, terms).take_turn()

    def reap_a_round(self, terms: Terms) -> None:
        self.begin_a_round()
        self.reap(terms)
        while self.cursor:
            self.reap(terms)

    def skip_the_pause(self) -> None:
        self.store.redis.hdel(KEY_PREFIX + "reaper", "next")

    def let_a_minute_pass(self) -> None:
        """For whoever waits for the turn."""
        self.store.redis.hincrby(KEY_PREFIX + "reaper", "next", -60_000)

    def begin_a_round(self) -> None:
        self.store.redis.delete(KEY_PREFIX + "reaper")

    @property
    def cursor(self) -> str:
        return str(self.store.redis.hget(KEY_PREFIX + "reaper", "cursor") or "")

    def reaped(self, kind: str) -> tuple[int, int]:
        """Objects and bytes, as /metrics counts them."""
        counts = self.store.redis.hmget(KEY_PREFIX + "stats", [f"reaped:{kind}", f"reaped_bytes:{kind}"])
        return int(counts[0] or 0), int(counts[1] or 0)


def output(key: str, manifest_key: str = "") -> Output:
    return OUTPUT.model_copy(update={"key": key, "manifest_key": manifest_key})


def _yard_in_folder(mill: Mill, folder: Path) -> Yard:
    def let_age() -> None:
        for file in folder.rglob("*"):
            if file.is_file():
                os.utime(file, (time.time() - 3,) * 2)

    return Yard(mill, folder_store(folder, Clock(time.time())).blobs, let_age)


@pytest.fixture
def mill(redis_url: str) -> Iterator[Mill]:
    client = redis.Redis.from_url(redis_url, decode_responses=True)
    yield Mill(Store(client, Policy()))
    client.close()


@pytest.fixture
def yard(mill: Mill, tmp_path: Path) -> Yard:
    """In a folder."""
    return _yard_in_folder(mill, tmp_path / "objects")


@pytest.fixture(params=STORES)
def any_yard(request: pytest.FixtureRequest, mill: Mill, tmp_path: Path) -> Yard:
    """In a folder, and on each S3 server."""
    if request.param == "folder":
        return _yard_in_folder(mill, tmp_path / "objects")
    # A server dates objects itself: they must really grow old.
    return Yard(mill, s3_store(request.getfixturevalue(f"{request.param}_server")).blobs, lambda: time.sleep(3.1))
